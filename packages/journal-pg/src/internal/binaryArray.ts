/**
 * Arrays as Postgres' binary protocol has them: the driver sends a `Buffer` as it is. As text, each element would be
 * escaped here and unescaped there, which for JSON full of quotes is most of what a large batch costs.
 */

/** The numbers of the element types in Postgres' catalog. */
const oids = { bigint: 20, integer: 23, text: 25, uuid: 2950 } as const

const headerLength = 20

const withHeader = (oid: number, count: number, bodyLength: number, nulls: boolean): Buffer => {
  const buffer = Buffer.allocUnsafe(headerLength + bodyLength)
  buffer.writeInt32BE(1, 0)
  buffer.writeInt32BE(nulls ? 1 : 0, 4)
  buffer.writeInt32BE(oid, 8)
  buffer.writeInt32BE(count, 12)
  buffer.writeInt32BE(1, 16)
  return buffer
}

export const texts = (values: ReadonlyArray<string | null>): Buffer => {
  const lengths = values.map((value) => (value === null ? -1 : Buffer.byteLength(value)))
  const bodyLength = lengths.reduce((sum, length) => sum + 4 + Math.max(0, length), 0)
  const buffer = withHeader(oids.text, values.length, bodyLength, values.includes(null))
  let at = headerLength
  for (const [i, value] of values.entries()) {
    at = buffer.writeInt32BE(lengths[i] ?? -1, at)
    if (value !== null) at += buffer.write(value, at)
  }
  return buffer
}

export const integers = (values: ReadonlyArray<number>): Buffer => {
  const buffer = withHeader(oids.integer, values.length, values.length * 8, false)
  let at = headerLength
  for (const value of values) at = buffer.writeInt32BE(value, buffer.writeInt32BE(4, at))
  return buffer
}

export const bigints = (values: ReadonlyArray<number>): Buffer => {
  const buffer = withHeader(oids.bigint, values.length, values.length * 12, false)
  let at = headerLength
  for (const value of values) at = buffer.writeBigInt64BE(BigInt(value), buffer.writeInt32BE(8, at))
  return buffer
}

export const uuids = (values: ReadonlyArray<string | null>): Buffer => {
  const bodyLength = values.reduce((sum, value) => sum + (value === null ? 4 : 20), 0)
  const buffer = withHeader(oids.uuid, values.length, bodyLength, values.includes(null))
  let at = headerLength
  for (const value of values) {
    at = buffer.writeInt32BE(value === null ? -1 : 16, at)
    if (value !== null) at += buffer.write(value.replaceAll("-", ""), at, "hex")
  }
  return buffer
}
