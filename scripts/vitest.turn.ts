// After every test the event loop has a turn. Tests that compute one after the other would keep it from a worker's
// timers and messages, and vitest gives a worker up of which it has heard nothing for a minute.
import { afterEach } from "vitest"

const soon = setImmediate

afterEach(() => new Promise<void>((resume) => void soon(resume)))
