/** Who appends, and how a person calls them. */
export const competitors = ["ours", "bareInsert", "emmett", "advisoryLock", "lockTable", "copy"] as const

export type Competitor = (typeof competitors)[number]

export const titles: Readonly<Record<Competitor, string>> = {
  ours: "aecor",
  bareInsert: "pg: the bare insert",
  emmett: "Emmett 0.42",
  advisoryLock: "pg: advisory lock an append",
  lockTable: "pg: LOCK TABLE an append",
  copy: "COPY, the bound"
}

/** What is compared with each other: so many writers, so many events an append. */
export interface Group {
  readonly name: string
  readonly writers: number
  readonly perAppend: number
  readonly competitors: ReadonlyArray<Competitor>
}

const single = (writers: number, others: ReadonlyArray<Competitor> = []): Group => ({
  name: `append${writers}`,
  writers,
  perAppend: 1,
  competitors: ["ours", "bareInsert", "emmett", "advisoryLock", "lockTable", ...others]
})

export const groups: ReadonlyArray<Group> = [
  single(1),
  single(8),
  single(32),
  single(128),
  single(512, ["copy"]),
  { name: "append10x32", writers: 32, perAppend: 10, competitors: ["ours", "bareInsert", "emmett", "copy"] }
]

/** The name of what one competitor does in a group. */
export const cellName = (group: Group, competitor: Competitor): string => `${group.name} ${competitor}`
