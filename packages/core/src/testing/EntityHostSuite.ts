/**
 * What an entity promises on every host, as tests: they run an entity of their own, on a journal in memory, on the host
 * of the layer.
 *
 * @example
 * ```ts
 * EntityHostSuite.suite("on this node", EntityHost.layerLocal)
 * EntityHostSuite.suite("in a cluster", EntityHost.layerCluster.pipe(Layer.provide(TestCluster.layer)))
 * ```
 *
 * Every test builds the layer anew; they run concurrently, as many at a time as vitest's `maxConcurrency` says.
 *
 * @since 0.1.0
 */
import { type Duration, Layer } from "effect"
import type { EntityHost } from "../EntityHost.js"
import { Account, type AccountTest, type ClientTest, layerOn } from "./internal/account.js"
import { answering } from "./internal/entityAnswering.js"
import { failing } from "./internal/entityFailing.js"
import { accompanied } from "./internal/entityMetadata.js"
import { losing } from "./internal/entityPast.js"
import { remembering } from "./internal/entityRemembering.js"
import { owning } from "./internal/ownLayer.js"

/**
 * How the suite runs.
 *
 * - `clock`: `"test"` (the default) for layers that run on the clock of the tests, `"live"` for those that talk to a
 *   server.
 * - `idle`: after how long an entity without commands is certain to have been put to sleep. 11 minutes by default, which
 *   is enough for the hosts' own default of 5.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly clock?: "test" | "live"
  readonly idle?: Duration.DurationInput
}

/**
 * Registers the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, host: Layer.Layer<EntityHost, E>, options: Options = {}): void =>
  owning(name, options.clock ?? "test", (it) => {
    const test: AccountTest = (sentence, body) => it(sentence, body, layerOn(host))
    const testUnserved: ClientTest = (sentence, body) => it(sentence, body, Layer.provide(Account.layerClient, host))
    answering(test)
    remembering(test, options.idle ?? "11 minutes")
    failing(test, testUnserved)
    losing(test)
    accompanied(test)
  })
