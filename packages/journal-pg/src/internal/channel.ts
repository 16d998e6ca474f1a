/** The one channel of notifications. A message is the identity of a table, a space, and what is said of it. */
export const channel = "aecor"
