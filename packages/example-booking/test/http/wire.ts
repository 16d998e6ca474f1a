/** A client that sees every byte: one connection, on which requests are written and answers read as text. */
import * as net from "node:net"
import { Data, Effect, Option } from "effect"

class Unheard extends Data.TaggedError("Unheard")<{ readonly wanted: string; readonly heard: string }> {
  override get message(): string {
    return `${this.wanted} did not come, but: ${JSON.stringify(this.heard)}`
  }
}

export class Refused extends Data.TaggedError("Refused") {}

/** Connects; the connection is gone when the scope closes. Fails where nobody listens. */
export const connect = (url: string) =>
  Effect.gen(function* () {
    const { hostname, port } = new URL(url)
    const socket = yield* Effect.acquireRelease(
      Effect.async<net.Socket, Refused>((resume) => {
        const connecting = net.connect(Number(port), hostname)
        connecting.once("connect", () => resume(Effect.succeed(connecting)))
        connecting.on("error", () => resume(new Refused()))
      }),
      (open) => Effect.sync(() => open.destroy())
    )
    let heard = ""
    let closed = false
    let changed = () => {}
    socket.on("data", (chunk) => {
      heard += chunk.toString()
      changed()
    })
    socket.on("close", () => {
      closed = true
      changed()
    })
    const until = <A>(wanted: string, look: () => Option.Option<A>) =>
      Effect.async<A>((resume) => {
        changed = () => Option.map(look(), (found) => resume(Effect.succeed(found)))
        changed()
      }).pipe(Effect.timeoutFail({ duration: "45 seconds", onTimeout: () => new Unheard({ wanted, heard }) }))

    return {
      send: (text: string) => Effect.sync(() => socket.write(text)),
      /** The next answer, which has a `content-length`. */
      answer: until("an answer", () => {
        const [all, head = "", length] = /^(HTTP\/1\.1 [^]*?content-length: (\d+)[^]*?\r\n\r\n)/i.exec(heard) ?? []
        const end = head.length + Number(length)
        if (all === undefined || heard.length < end) return Option.none()
        const body = heard.slice(head.length, end)
        heard = heard.slice(end)
        return Option.some({ status: Number(head.slice(9, 12)), last: /\r\nconnection: close/i.test(head), body })
      }),
      closed: until("the end", () => (closed ? Option.some(heard) : Option.none())),
      isClosed: () => closed
    }
  })

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`

export const post = (path: string, ...headers: ReadonlyArray<string>): string =>
  [`POST ${path} HTTP/1.1`, "host: test", "content-type: application/json", ...headers, "", ""].join("\r\n")

/** A chunk of so many bytes of a body whose length is not told; zero ends it. */
export const chunk = (size: number): string => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`
