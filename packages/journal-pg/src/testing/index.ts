export * as EmbeddedPostgres from "./EmbeddedPostgres.js"
export * as TcpProxy from "./TcpProxy.js"
