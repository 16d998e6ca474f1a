export * as EmbeddedPostgres from "./EmbeddedPostgres.js"
