import * as MemoryPaymentInbox from "../../src/payment/MemoryPaymentInbox.js"
import { suite } from "./suite.js"

suite("memory", MemoryPaymentInbox.layer)
