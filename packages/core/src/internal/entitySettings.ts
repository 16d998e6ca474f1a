/** The defaults of both entity hosts, stated once. */
import { Duration } from "effect"

export const resolve = (settings: {
  readonly idleTimeToLive?: Duration.DurationInput
  readonly timeout?: Duration.DurationInput
}) => ({
  idleTimeToLive: Duration.decode(settings.idleTimeToLive ?? "5 minutes"),
  timeout: Duration.decode(settings.timeout ?? "10 seconds")
})
