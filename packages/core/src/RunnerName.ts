/**
 * The name of a runner of the cluster, by which leases and placements know it, and the shard group that is its alone.
 *
 * @since 0.1.0
 */

/**
 * The name of the runner at an address: `host:port`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (address: { readonly host: string; readonly port: number }): string =>
  `${address.host}:${address.port}`

/**
 * The shard group of a runner. Every runner has one of its own, so a process is placed on a runner by the group that
 * its entity id ends in. Names only this runner, and only by the letters, digits, dots, dashes and underscores that
 * every storage bears.
 *
 * @since 0.1.0
 * @category constructors
 */
export const shardGroup = (runner: string): string => runner.replace(/[^A-Za-z0-9.-]/g, "_")
