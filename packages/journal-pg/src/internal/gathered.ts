/**
 * Questions that are asked together: who comes while questions are on their way waits, and goes with all others in the
 * next asking. So many who ask cost few statements, and one alone waits for nobody.
 *
 * An asking has a fiber of its own, in nobody's trace and transaction: whoever goes away takes it from none of the others.
 * Of each key there is one question in an asking. An asking that fails, fails for all that were in it.
 */
import { Context, Effect, Exit, Runtime } from "effect"

interface Asker<A, B, E> {
  readonly question: A
  readonly resume: (answer: Exit.Exit<B, E>) => void
}

/**
 * - `most`: questions in one asking.
 * - `atOnce`: askings on their way. More than one, so that one that hangs holds up only those that are in it.
 * - `ask`: the answers in the order of the questions.
 */
export const make = <A extends { readonly key: string }, B, E>(options: {
  readonly most: number
  readonly atOnce: number
  readonly ask: (questions: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
}): Effect.Effect<(question: A) => Effect.Effect<B, E>> =>
  Effect.map(Effect.interruptible(Effect.runtime<never>()), (runtime) => {
    const run = Runtime.runFork(Runtime.make({ ...runtime, context: Context.empty() }))
    // a set keeps the order in which they came, and lets one in the middle leave
    const waiting = new Set<Asker<A, B, E>>()
    let asking = 0

    const next = (): ReadonlyArray<Asker<A, B, E>> => {
      const taken = new Map<string, Asker<A, B, E>>()
      for (const asker of waiting) {
        if (taken.size === options.most) break
        if (taken.has(asker.question.key)) continue
        taken.set(asker.question.key, asker)
        waiting.delete(asker)
      }
      return [...taken.values()]
    }
    const askForAll = Effect.gen(function* () {
      for (let askers = next(); askers.length > 0; askers = next()) {
        const answers = yield* Effect.exit(Effect.suspend(() => options.ask(askers.map(({ question }) => question))))
        for (const [i, { question, resume }] of askers.entries()) {
          resume(
            Exit.flatMap(answers, (all) => (i < all.length ? Exit.succeed(all[i] as B) : unanswered(question.key)))
          )
        }
      }
      asking -= 1
    })

    return (question) =>
      Effect.async((resume) => {
        const asker: Asker<A, B, E> = { question, resume }
        waiting.add(asker)
        if (asking < options.atOnce) {
          asking += 1
          run(askForAll)
        }
        return Effect.sync(() => waiting.delete(asker))
      })
  })

const unanswered = (key: string) => Exit.die(`no answer for ${key}`)
