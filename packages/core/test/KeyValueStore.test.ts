// The suite of key-value stores, held against the store that it takes for its measure.
import { KeyValueStoreSuite } from "@aecor/core/testing"
import { KeyValueStore } from "@effect/platform"

KeyValueStoreSuite.suite("the key-value store in memory", KeyValueStore.layerMemory)
