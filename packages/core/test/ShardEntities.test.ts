/** The entity of the cluster that stands for a shard. */
import { EntityId, ShardId } from "@effect/cluster"
import { expect, it } from "@effect/vitest"
import { Hash } from "effect"
import * as ShardEntities from "../src/internal/shardEntities.js"

const shards = 40
const keys = Array.from({ length: 2000 }, (_, n) => `booking-${n}`)

const onCluster = (isOwned: (shard: ShardId.ShardId) => boolean = () => true) => {
  const getShardId = (id: EntityId.EntityId, group: string) =>
    ShardId.make(group, (Math.abs(Hash.string(id)) % shards) + 1)
  const entities = ShardEntities.make({ getShardId, hasShardId: isOwned }, { getShardGroup: () => "default" })
  const shardOf = (name: string) => getShardId(EntityId.make(name), "default").id
  return { entities, shardOf }
}

it("falls into the shard of every key that it stands for", () => {
  const { entities, shardOf } = onCluster()
  for (const key of keys) expect(shardOf(entities.of(key).id)).toBe(shardOf(key))
})

it("is one a shard, and the same on every node", () => {
  const [one, other] = [onCluster(), onCluster()]
  const found = keys.map((key) => one.entities.of(key).id)
  expect(new Set(found).size).toBe(shards)
  // another node meets the keys in another order
  const again = keys.toReversed().map((key) => other.entities.of(key).id)
  expect(again.toReversed()).toEqual(found)
})

it("says whose it is now", () => {
  let owned = false
  const entity = onCluster(() => owned).entities.of("a")
  expect(entity.isOwned()).toBe(false)
  owned = true
  expect(entity.isOwned()).toBe(true)
})
