import { DistributedProcessing } from "@aecor/core"
import { Console, Effect, Option, Stream } from "effect"

export const maintained = <A, E, R>(maintenance: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const tally = yield* DistributedProcessing.killSwitch("Tally")
    yield* tally.shutdown // now nothing of it runs, and nothing of it can write
    yield* maintenance
    yield* tally.resume // now all of it runs
  })

export const moveTo = (runner: string) =>
  Effect.gen(function* () {
    const tally = yield* DistributedProcessing.killSwitch("Tally")
    yield* tally.process(0).moveTo(runner) // now it runs there
  })

export const watched = Stream.runForEach(
  DistributedProcessing.changes("Tally"),
  ({ actual, index, lastError, runner }) =>
    Console.log(
      index,
      actual,
      Option.getOrElse(runner, () => "nowhere"),
      Option.getOrElse(lastError, () => "")
    )
)

export const isReady = Effect.map(DistributedProcessing.health({ deployments: ["Tally"] }), (_) => _.ready)
