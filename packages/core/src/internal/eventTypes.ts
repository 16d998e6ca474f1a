/**
 * Which schema reads and writes the events of one type: the members of a journal's union, by the `_tag` literal of what
 * they decode to. A union that says how it is to be parsed is not taken apart: that would drop what it says.
 */
import { Option, SchemaAST as AST } from "effect"

const saysHow = (ast: AST.Union): boolean =>
  Option.isSome(AST.getParseOptionsAnnotation(ast)) || Option.isSome(AST.getDecodingFallbackAnnotation(ast))

const membersOf = (ast: AST.AST): ReadonlyArray<AST.AST> =>
  AST.isUnion(ast) && !saysHow(ast) ? ast.types.flatMap(membersOf) : [ast]

/** The tags that the events of a member may have; none where they are not told by literals. */
const tagsOf = (member: AST.AST): ReadonlyArray<string> => {
  const tag = AST.getPropertySignatures(AST.typeAST(member)).find(({ name }) => name === "_tag")
  if (tag === undefined) return []
  const literals = AST.isUnion(tag.type) ? tag.type.types : [tag.type]
  const tags = literals.flatMap((ast) => (AST.isLiteral(ast) && typeof ast.literal === "string" ? [ast.literal] : []))
  return tags.length === literals.length ? tags : []
}

/** The schema of each type. Throws a `TypeError` that names the member without a literal `_tag`. */
export const byTag = (journal: string, event: AST.AST): ReadonlyMap<string, AST.AST> => {
  const found = new Map<string, ReadonlyArray<AST.AST>>()
  for (const member of membersOf(event)) {
    const tags = tagsOf(member)
    if (tags.length === 0) {
      throw new TypeError(
        `${journal}: the events ${String(member)} have no literal _tag to be stored as their type: ` +
          "declare them by Schema.TaggedClass or Schema.TaggedStruct"
      )
    }
    for (const tag of tags) found.set(tag, [...(found.get(tag) ?? []), member])
  }
  return new Map(Array.from(found, ([tag, members]) => [tag, AST.Union.make(members)]))
}
