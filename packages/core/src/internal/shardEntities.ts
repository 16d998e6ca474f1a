/**
 * The entity of the cluster that stands for a shard. A shard has no address of its own, so this is one whose id falls into
 * the shard: the first one that is found, on every node the same.
 */
import { EntityId, type ShardId, type Sharding } from "@effect/cluster"

interface ShardEntity {
  readonly id: string
  /** Whether this node owns the shard, now. */
  readonly isOwned: () => boolean
}

export interface ShardEntities {
  /** The one of the shard that a key falls into. */
  readonly of: (key: string) => ShardEntity
}

export const make = (
  sharding: Pick<Sharding.Sharding["Type"], "getShardId" | "hasShardId">,
  entity: { readonly getShardGroup: (id: EntityId.EntityId) => string }
): ShardEntities => {
  const known = new Map<string, Map<number, ShardEntity>>()
  const shardOf = (name: string) => {
    const id = EntityId.make(name)
    return sharding.getShardId(id, entity.getShardGroup(id))
  }

  const find = (shard: ShardId.ShardId): ShardEntity => {
    for (let n = 0; ; n++) {
      const id = `${shard.id}:${n}`
      const found = shardOf(id)
      if (found.id === shard.id && found.group === shard.group) {
        return { id, isOwned: () => sharding.hasShardId(shard) }
      }
    }
  }

  return {
    of: (key) => {
      const shard = shardOf(key)
      let group = known.get(shard.group)
      if (group === undefined) known.set(shard.group, (group = new Map()))
      let found = group.get(shard.id)
      if (found === undefined) group.set(shard.id, (found = find(shard)))
      return found
    }
  }
}
