import { GoldenEvents } from "@aecor/core/testing"
import { ParcelJournal } from "./parcel.js"

GoldenEvents.suite(ParcelJournal, { directory: new URL("golden", import.meta.url) })
