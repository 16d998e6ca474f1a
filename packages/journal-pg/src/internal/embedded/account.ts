/**
 * The account that Postgres runs as. It refuses root, so root hands it to an ordinary account of the system; no
 * account is created. Everything on the way to what that account needs must let strangers pass.
 */
import { execFile } from "node:child_process"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { promisify } from "node:util"
import { Effect } from "effect"
import { ServerError } from "./ServerError.js"

/** `undefined`: the process's own account. */
export type Account = { readonly uid: number; readonly gid: number } | undefined

const exec = promisify(execFile)

const id = (flag: "-u" | "-g", name: string) =>
  Effect.map(
    Effect.tryPromise(() => exec("id", [flag, name])),
    ({ stdout }) => Number.parseInt(stdout, 10)
  )

const named = (name: string) => Effect.all({ uid: id("-u", name), gid: id("-g", name) })

export const choose: Effect.Effect<Account, ServerError> = Effect.suspend(() =>
  process.getuid?.() === 0
    ? Effect.mapError(
        Effect.orElse(named("postgres"), () => named("nobody")),
        (cause) =>
          new ServerError({
            reason: "NoAccount",
            message: "Postgres does not run as root, and there is neither an account postgres nor nobody",
            cause
          })
      )
    : Effect.succeed(undefined)
)

/** Whether strangers may pass through every folder on the way to `folder`, and through it. */
export const reachable = (folder: string): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    for (let at = path.resolve(folder); ; at = path.dirname(at)) {
      const stat = await fs.stat(at).catch(() => undefined)
      if (stat === undefined || !stat.isDirectory() || (stat.mode & 0o001) === 0) return false
      if (at === path.dirname(at)) return true
    }
  })
