/**
 * How the application is set, beside where it runs: from the environment, checked when a node starts. The README has the
 * table of all settings.
 */
import { Config, Context, Duration, Effect, Layer } from "effect"

export class Settings extends Context.Tag("Settings")<
  Settings,
  {
    /** How long after its confirmation a booking expires that is not paid. */
    readonly expiry: Duration.Duration
    /** How often it is looked for bookings that are past their time. */
    readonly expireEvery: Duration.Duration
  }
>() {}

const defaults: Settings["Type"] = { expiry: Duration.hours(6), expireEvery: Duration.seconds(10) }

export const layer = (settings: Partial<Settings["Type"]> = {}): Layer.Layer<Settings> =>
  Layer.succeed(Settings, { ...defaults, ...settings })

const positive = (name: string, otherwise: Duration.Duration) =>
  Config.duration(name).pipe(
    Config.validate({
      message: "Expected a duration above zero, such as 90 seconds or 6 hours",
      validation: (duration) => Duration.greaterThan(duration, Duration.zero) && Duration.isFinite(duration)
    }),
    Config.withDefault(otherwise)
  )

/** From the environment. */
export const layerConfig = Layer.effect(
  Settings,
  Effect.flatMap(
    Config.all({
      expiry: positive("BOOKING_EXPIRY", defaults.expiry),
      expireEvery: positive("EXPIRE_EVERY", defaults.expireEvery)
    }),
    Effect.succeed
  )
)
