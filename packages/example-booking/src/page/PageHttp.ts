/** The pages, served beside the endpoints. */
import { HttpApiBuilder } from "@effect/platform"
import { Effect, type Layer } from "effect"
import * as PageFiles from "./PageFiles.js"

export const PageHttp: Layer.Layer<never> = HttpApiBuilder.Router.use((router) =>
  Effect.flatMap(PageFiles.read, (files) =>
    Effect.forEach(files, ({ path, serve }) => router.get(path, serve), { discard: true })
  )
)
