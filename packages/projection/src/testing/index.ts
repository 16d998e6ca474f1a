/** Conformance suites for adapters: each takes a layer and registers its tests with vitest. */
export * as ProcessManagerSuite from "./ProcessManagerSuite.js"
export * as RepartitionSuite from "./RepartitionSuite.js"
export * as ProjectionSuite from "./ProjectionSuite.js"
export * as ReplaySuite from "./ReplaySuite.js"
export * as TimersSuite from "./TimersSuite.js"
export * as ViewStoreSuite from "./ViewStoreSuite.js"
