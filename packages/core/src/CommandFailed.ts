/**
 * The one error of infrastructure that a caller of an entity sees, beside the command's own rejections.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

/**
 * A command was not answered.
 *
 * - `Conflict`: other writers kept winning; nothing was stored.
 * - `Journal`: the journal refused or did not answer, or its past kept changing; nothing was stored.
 * - `InDoubt`: the journal's answer was lost.
 * - `Unreachable`: the entity's node could not be reached, or nobody serves the entity.
 * - `MailboxFull`: too many commands wait for this entity.
 * - `Timeout`: no answer in time.
 * - `CommandIdReused`: its id is that of another command, which has stored events on this key; nothing was stored, and
 *   sending it again under that id is of no use.
 * - `CommandPassed`: its id is an ordered one (`CommandId.ordered`), and what its source sends after it has been stored on
 *   this key already; nothing was stored now, and sending it again is of no use.
 *
 * `inDoubt` says whether the command may have taken effect or still may. Either way, sending it again under the same
 * command id is safe.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  entity: Schema.String,
  key: Schema.String,
  reason: Schema.Literal(
    "Conflict",
    "Journal",
    "InDoubt",
    "Unreachable",
    "MailboxFull",
    "Timeout",
    "CommandIdReused",
    "CommandPassed"
  ),
  inDoubt: Schema.Boolean,
  description: Schema.String
}) {
  override get message(): string {
    return `${this.entity} ${JSON.stringify(this.key)}: ${this.description}`
  }
}
