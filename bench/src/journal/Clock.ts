/** A clock that the processes of a machine share. */

/** Milliseconds on a clock that is the same in all processes. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6
