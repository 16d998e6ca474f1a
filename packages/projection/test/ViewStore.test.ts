import { ProcessLease } from "@aecor/core"
import { ViewStoreSuite } from "@aecor/projection/testing"
import { Layer } from "effect"

ViewStoreSuite.suite("memory", ViewStoreSuite.SuiteView.layerMemory.pipe(Layer.provideMerge(ProcessLease.layerMemory)))
