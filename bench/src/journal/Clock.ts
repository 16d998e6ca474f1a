/** What the processes of a machine can compare, and what one has used. */

/** Milliseconds on a clock that is the same in all processes. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Processor time that this process has used since, in microseconds: steadier than a clock on a machine that is shared. */
export const cpuMicrosSince = (before: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(before)
  return system + user
}
