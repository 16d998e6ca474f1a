export * as Projection from "./Projection.js"
export * as ViewStore from "./ViewStore.js"
