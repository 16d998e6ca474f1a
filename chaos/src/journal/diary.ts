/**
 * What a writer's process notes down, so that it is known after `kill -9`: each append before it is sent, and what the
 * journal answered. Every note is one `write` to a file before anything else happens, so what the kernel has is enough.
 */
import * as fs from "node:fs"
import * as readline from "node:readline"
import { Effect, type Scope } from "effect"
import type { Ledger, Outcome } from "./checker.js"

export type Diary = Pick<Ledger, "sent" | "told">

export const open = (file: string): Effect.Effect<Diary, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => fs.openSync(file, "a")),
      (descriptor) => Effect.sync(() => fs.closeSync(descriptor))
    ),
    (descriptor) => ({
      sent: ({ append, count, expected, key }) =>
        void fs.writeSync(descriptor, `sent ${append} ${key} ${expected} ${count};\n`),
      told: (append, outcome) => void fs.writeSync(descriptor, `${outcome} ${append};\n`)
    })
  )

/** Enters what a diary says into a ledger. */
export const read = (file: string, ledger: Diary): Effect.Effect<void> =>
  Effect.promise(async () => {
    for await (const line of readline.createInterface({ input: fs.createReadStream(file) })) {
      // a note that was cut short belongs to an append that was not sent
      if (!line.endsWith(";")) continue
      const [what = "", ...numbers] = line.slice(0, -1).split(" ")
      const [append = 0, key = 0, expected = 0, count = 0] = numbers.map(Number)
      if (what === "sent") ledger.sent({ append, key, expected, count })
      else ledger.told(append, what as Outcome)
    }
  })
