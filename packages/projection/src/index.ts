export * as ProcessManager from "./ProcessManager.js"
export * as Projection from "./Projection.js"
export * as Repartition from "./Repartition.js"
export * as ViewStore from "./ViewStore.js"
