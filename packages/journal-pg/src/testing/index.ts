export * as EmbeddedPostgres from "./EmbeddedPostgres.js"
export * as PgBouncer from "./PgBouncer.js"
export * as TcpProxy from "./TcpProxy.js"
