/** Processes that behave in the ways in which processes misbehave. */
import { Effect, Random } from "effect"
import * as Process from "../../../Process.js"

/** Runs until it is stopped, and takes so long for that, in milliseconds. */
const lasting = (stopping: number) => Process.fromEffect(Effect.onInterrupt(Effect.never, () => Effect.sleep(stopping)))

/** Fails a while after it has begun. */
const crashing = Process.fromEffect(
  Effect.flatMap(Random.nextIntBetween(100, 3000), (millis) => Effect.delay(Effect.fail("crashed"), millis))
)

const completing = Process.fromEffect(
  Effect.flatMap(Random.nextIntBetween(500, 15_000), (millis) => Effect.sleep(millis))
)

/** Takes its time to start. */
const hesitating = Effect.flatMap(Random.nextIntBetween(0, 3000), (millis) => Effect.delay(lasting(0), millis))

/** Stops within the time that it is given, or not. */
const stubborn = Effect.flatMap(Random.nextIntBetween(0, 9000), lasting)

/** Fails to start, sometimes. */
const unsure = Effect.flatMap(Random.nextBoolean, (fails) => (fails ? Effect.fail("no start") : lasting(200)))

const natures: ReadonlyArray<Process.Process<string>> = [
  lasting(0),
  crashing,
  lasting(1500),
  completing,
  stubborn,
  hesitating,
  lasting(0),
  unsure
]

/** So many processes, each of another nature. */
export const processes = (count: number): ReadonlyArray<Process.Process<string>> =>
  Array.from({ length: count }, (_, index) => natures[index % natures.length] ?? lasting(0))
