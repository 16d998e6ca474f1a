/**
 * Any text as one that Postgres stores, and back. Its texts hold neither NUL nor halves of surrogate pairs; these, and the
 * mark that stands before them, are written as the mark and four digits. All other texts are stored as they are.
 */

/** Data link escape: that what follows means something else is what it is there for. */
const mark = "\u0010"

const unstorable = new RegExp(`[\\0${mark}\\p{Surrogate}]`, "gu")
const escaped = new RegExp(`${mark}([0-9a-f]{4})`, "g")

export const toStorable = (text: string): string =>
  text.replace(unstorable, (unit) => mark + unit.charCodeAt(0).toString(16).padStart(4, "0"))

export const fromStorable = (stored: string): string =>
  stored.replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
