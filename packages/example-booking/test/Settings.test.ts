/** What the application takes from its environment, and what it refuses. */
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer } from "effect"
import { layerConfig, Settings } from "../src/Settings.js"

const from = (environment: Readonly<Record<string, string>>) =>
  Effect.provide(
    Settings,
    Layer.provide(layerConfig, Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))))
  )

describe("Settings", () => {
  it.effect("are what the README says, unless they are given", () =>
    Effect.gen(function* () {
      expect(yield* from({})).toEqual({ expiry: Duration.hours(6), expireEvery: Duration.seconds(10) })
      expect(yield* from({ BOOKING_EXPIRY: "90 seconds", EXPIRE_EVERY: "1 minute" })).toEqual({
        expiry: Duration.seconds(90),
        expireEvery: Duration.minutes(1)
      })
    })
  )

  it.effect.each([
    ["BOOKING_EXPIRY", "soon"],
    ["BOOKING_EXPIRY", "0 seconds"],
    ["BOOKING_EXPIRY", "Infinity"],
    ["EXPIRE_EVERY", "-1 second"],
    ["EXPIRE_EVERY", ""]
  ] as const)("are refused by name where they make no sense: %s is %j", ([name, value]) =>
    Effect.map(Effect.flip(from({ [name]: value })), (error) => expect(String(error)).toContain(name))
  )
})
