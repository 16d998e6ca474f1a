/**
 * How a runner of the cluster is named: by the address under which the others reach it.
 *
 * Every runner owns one shard group, named after it, so that what is addressed to that group runs there. The cluster's
 * settings and whoever places something on a runner must agree on both names; they take them from here.
 *
 * @since 0.1.0
 */
import { stableHash } from "./Tagging.js"

/**
 * The name of the runner at an address: `host:port`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (address: { readonly host: string; readonly port: number }): string =>
  `${address.host}:${address.port}`

/**
 * The shard group of a runner, from its name. It is the name itself, unless that is longer than the cluster's storage
 * allows or holds characters that the storage does not quote (anything but letters, digits and `. _ - :`): then it is
 * the beginning of the name and a hash of the whole.
 *
 * @since 0.1.0
 * @category constructors
 */
export const shardGroup = (runner: string): string =>
  runner.length <= longest && plain.test(runner)
    ? runner
    : `${runner.replace(notPlain, "_").slice(0, beginning)}~${hex(runner)}${hex(`again ${runner}`)}`

/** The storage keeps `group:shard` in 50 characters, and a shard's number takes up to three. */
const longest = 46

/** What remains of it beside `~` and two hashes. */
const beginning = longest - 17

const plain = /^[\w.:-]+$/
const notPlain = /[^\w.:-]/gu

const hex = (text: string): string => stableHash(text).toString(16).padStart(8, "0")
