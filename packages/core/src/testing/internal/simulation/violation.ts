/** The promises of distributed processing by name, and what is told of one that was broken. */
type Rule =
  | "stale write"
  | "robbed owner"
  | "overlap"
  | "write after the kill switch"
  | "write while it stands still"
  | "false answer"
  | "not revived"
  | "no coordinator"
  | "needless move"
  | "restless"
  | "uneven"

/** A promise that was broken, and when. */
export interface Violation {
  readonly at: number
  readonly rule: Rule
  readonly what: string
}
