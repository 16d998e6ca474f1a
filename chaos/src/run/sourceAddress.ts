/**
 * Addresses of the loopback by which one process is told from another: whom it connects to sees where it comes from. Linux
 * has all of 127.0.0.0/8; elsewhere there is one address, and nobody can be told from others.
 */
import * as net from "node:net"

/** The address of the n-th process. */
export const of = (n: number): string | undefined =>
  process.platform === "linux" ? `127.1.${(n >> 8) & 255}.${n & 255}` : undefined

/**
 * From now on this process connects from an address, where it names the host and the port that it connects to as options,
 * as the cluster does. Nothing in between takes such an option, so the one function is replaced that all of them call.
 */
export const use = (localAddress: string): void => {
  const connect = net.Socket.prototype.connect
  net.Socket.prototype.connect = function (this: net.Socket, ...args: Array<never>) {
    const [first] = args as ReadonlyArray<unknown>
    // `net.connect` hands on what it was given as an array
    const options: unknown = Array.isArray(first) ? first[0] : first
    if (typeof options === "object" && options !== null && "port" in options) Object.assign(options, { localAddress })
    return Reflect.apply(connect, this, args) as net.Socket
  }
}
