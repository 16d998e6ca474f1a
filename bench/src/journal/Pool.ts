/** Connections as `pg` gives them, made before the clock runs. */
import { Pool } from "pg"

/** A server allows 100 connections by default, and keeps some for itself. */
const mostConnections = 90

/** A pool with one connection a user, as far as a server has them; all are open. */
const connect = async (url: string, users: number): Promise<Pool> => {
  const max = Math.min(users, mostConnections)
  const pool = new Pool({ connectionString: url, max })
  const clients = await Promise.all(Array.from({ length: max }, () => pool.connect()))
  for (const client of clients) client.release()
  return pool
}

/** With connections for so many users, for as long as `use` runs. */
export const using = async <A>(url: string, users: number, use: (pool: Pool) => Promise<A>): Promise<A> => {
  const pool = await connect(url, users)
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}
