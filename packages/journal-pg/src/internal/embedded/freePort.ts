/**
 * A port of the loopback on which nobody listens.
 *
 * Between the answer and whoever listens there then is a while in which the port is anybody's. So it is none of those
 * that the system gives to outgoing connections, of which a busy test run opens hundreds, and none is given twice here.
 */
import * as net from "node:net"
import { Effect } from "effect"
import { ServerError } from "./ServerError.js"

/** The systems that we know give outgoing connections ports from 32,768 on, or higher ones. */
const [first, last] = [20_000, 32_767]

/** So many that somebody listens on are met before there is none. */
const attempts = 200

const given = new Set<number>()

const candidate = (): number => first + Math.floor(Math.random() * (last - first + 1))

const isFree = (port: number) =>
  Effect.async<boolean>((resume) => {
    const server = net.createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

export const freePort: Effect.Effect<number, ServerError> = Effect.gen(function* () {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = candidate()
    if (given.has(port)) continue
    given.add(port)
    if (yield* isFree(port)) return port
  }
  return yield* new ServerError({ reason: "StartFailed", message: "no free port on the loopback" })
})
