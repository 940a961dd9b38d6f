/** The plan of a hosted agent, as a value that is sent between processes. */
import * as t from 'io-ts'
import { LocalRecord } from '../../../config/LocalRecord'

const Strings = t.record(t.string, t.string)

/** What starts the agents. */
const Launch = t.union([
  t.type({ _tag: t.literal('Process'), file: t.string, env: Strings, inherit: Strings }),
  t.type({ _tag: t.literal('Container'), engine: t.string, image: t.string, env: Strings }),
])

/** What starts the agents. */
export type Launch = t.TypeOf<typeof Launch>

/** Who may call: everyone, whoever signs with the AWS credentials of this machine, or as the agent's authorizer says. */
const Inbound = t.union([
  t.type({ _tag: t.literal('none') }),
  t.type({ _tag: t.literal('sigv4') }),
  t.type({ _tag: t.literal('jwt'), config: t.unknown }),
])

/** Who may call. */
export type Inbound = t.TypeOf<typeof Inbound>

/** Hosts or web pages that may call beyond the defaults. */
const Allowed = t.union([t.literal('any'), t.readonlyArray(t.string)])

/** The plan of a hosted agent. */
export const HostPlan = t.intersection([
  t.type({
    agent: t.string,
    /** The folder of the command: the record is kept below it. */
    folder: t.string,
    /** Where the runtime keeps logs, working folders, and what it has started. */
    state: t.string,
    launch: Launch,
    /** Whether all sessions share one agent. */
    isShared: t.boolean,
    /** The port to take, and whether another one will not do. */
    port: t.number,
    isPortFixed: t.boolean,
    lifecycle: t.type({ idleRuntimeSessionTimeout: t.number, maxLifetime: t.number }),
    requestHeaderAllowlist: t.array(t.string),
    inbound: Inbound,
    allowedHosts: Allowed,
    allowedOrigins: Allowed,
  }),
  t.partial({ arn: t.string, region: t.string, account: t.string, logFile: t.string }),
])

/** The plan of a hosted agent. */
export type HostPlan = t.TypeOf<typeof HostPlan>

/** The report of the host process: ready, or failed to start. */
export const HostReport = t.union([
  t.type({ _tag: t.literal('Ready'), record: LocalRecord }),
  t.type({ _tag: t.literal('Failed'), error: t.type({ code: t.string, message: t.string, next: t.string }) }),
])

/** The report of the host process: ready, or failed to start. */
export type HostReport = t.TypeOf<typeof HostReport>
