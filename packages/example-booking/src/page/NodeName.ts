/**
 * What this node is called in the cluster: what the pages say of who serves them. A node alone needs no name.
 */
import { Context } from "effect"

export class NodeName extends Context.Reference<NodeName>()("example-booking/page/NodeName", {
  defaultValue: () => "local"
}) {}
