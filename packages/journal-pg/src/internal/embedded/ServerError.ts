/**
 * The one error of the embedded server.
 *
 * @since 0.1.0
 */
import { Data } from "effect"

/**
 * - `PackageMissing`: the optional peer dependency, or its binaries for this platform, are not installed.
 * - `NoAccount`: the process runs as root and finds no ordinary account; Postgres refuses to run as root.
 * - `NoFolder`: the run's folder cannot be made, or the account cannot reach it.
 * - `InitFailed`, `StartFailed`: Postgres said no; the message ends with what it said.
 * - `DatabaseFailed`: a database was not made.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason = "PackageMissing" | "NoAccount" | "NoFolder" | "InitFailed" | "StartFailed" | "DatabaseFailed"

/**
 * A server, or a pooler before one, that did not start, or a database that was not made.
 *
 * @since 0.1.0
 * @category errors
 */
export class ServerError extends Data.TaggedError("EmbeddedPostgres/ServerError")<{
  readonly reason: Reason
  readonly message: string
  readonly cause?: unknown
}> {}
