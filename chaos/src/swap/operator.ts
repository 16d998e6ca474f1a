/** The operator: a process of its own that goes through the steps for ever, is killed now and then, and begins again. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Logger, LogLevel, Redacted } from "effect"
import * as Child from "../run/child.js"
import type { Settings, Told } from "./messages.js"
import * as Steps from "./steps.js"

const settings = Child.settings<Settings>()
const tell = Child.tell<Told>

const Client = PgClient.layer({ url: Redacted.make(settings.url), applicationName: "operator", maxConnections: 4 })

/** With a connection of its own each time: as if the command had been typed again. */
const command = Steps.round({ ...settings, tell }).pipe(
  Effect.provide(Layer.provideMerge(Steps.layer, Client)),
  Effect.scoped
)

Child.tellReady()
Child.run(
  Effect.forever(Effect.delay(Steps.attempt(command, tell), "500 millis")).pipe(
    Logger.withMinimumLogLevel(LogLevel.Warning)
  )
)
