/** Whose commands are compared, and how a person calls them. */
export const competitors = ["empty", "cluster", "local"] as const

export type Competitor = (typeof competitors)[number]

export const titles: Readonly<Record<Competitor, string>> = {
  empty: "@effect/cluster: an empty command",
  cluster: "aecor, layerCluster: journalled",
  local: "aecor, layerLocal: journalled"
}

/** So many keys at once, each with one caller that waits for its answer. */
export const keys = [1, 8, 64, 256] as const
