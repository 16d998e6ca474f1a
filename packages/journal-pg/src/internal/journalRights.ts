/**
 * Who may do what with a journal's tables: the owner writes, and only through the functions; a role that has the grants
 * reads and calls these.
 */
import { onSchema, type Rights } from "./grants.js"
import type { TableName } from "./identifier.js"
import { names } from "./journalFunctions.js"

/**
 * Takes from everybody but the owner what a database's default privileges may have given, to PUBLIC or by name, all but
 * reading: a writer beside the functions, or one that moves the identity's sequence, would give positions out of their
 * order; a trigger would run with the rights of the functions, which are the owner's.
 */
export const onlyTheOwnerWrites = (text: string): string => `
REVOKE EXECUTE ON FUNCTION ${names(text).firstAppend} FROM PUBLIC;${nobodyElseWrites(
  `
      '${text}'::regclass, '${text}_tag'::regclass, pg_get_serial_sequence('${text}', 'position')::regclass
    `
)}`

/** The same for the table of its partitions. */
export const onlyTheOwnerPartitions = (text: string): string => nobodyElseWrites(`'${text}_tagging'::regclass`)

const nobodyElseWrites = (relations: string) => `
DO $$
DECLARE
  revoke text;
BEGIN
  FOR revoke IN
    SELECT DISTINCT concat(
      'REVOKE ',
      CASE class.relkind
        WHEN 'S' THEN 'USAGE, UPDATE ON SEQUENCE ' ELSE 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON '
      END,
      class.oid::regclass, ' FROM ', CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END
    )
    FROM pg_class class CROSS JOIN aclexplode(class.relacl) granted
    WHERE granted.grantee <> class.relowner AND class.oid IN (${relations})
  LOOP
    EXECUTE revoke;
  END LOOP;
END $$;
`

/** What a node's role needs: to read the tables, and to call the functions. */
export const rights = (name: TableName): Rights => [
  ...onSchema(name),
  ["SELECT", `${name.text}, ${name.text}_tag, ${name.text}_tagging`],
  ["EXECUTE", `FUNCTION ${Object.values(names(name.text)).join(", ")}`]
]
