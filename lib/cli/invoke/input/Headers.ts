/** The headers of a call: those of `--headers` named as the toolkit names them, those of `-H` as they are. */
import { customPrefix } from '../../../core/Protocol'

type Pairs = ReadonlyArray<readonly [name: string, value: string]>

const written = 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-'
const own = 'x-amzn-bedrock-agentcore-runtime-'
const tracing: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage', 'x-amzn-trace-id'])

const isFull = (name: string, allowed: ReadonlySet<string>): boolean =>
  name.startsWith(own) || allowed.has(name) || tracing.has(name)

/** The name of a header as it reaches the agent: with the custom prefix, unless it passes as it is. */
export const nameFor =
  (allowlist: ReadonlyArray<string>) =>
  (name: string): string => {
    const allowed = new Set(allowlist.map((other) => other.toLowerCase()))
    return name.toLowerCase().startsWith(customPrefix) || isFull(name.toLowerCase(), allowed) ? name : written + name
  }

/** All of them; the later of one name counts. */
export const toHeaders = (
  allowlist: ReadonlyArray<string>,
  pairs: Pairs,
  exact: Pairs,
): Readonly<Record<string, string>> => {
  const name = nameFor(allowlist)
  const all = [...pairs.map(([key, value]) => [name(key), value] as const), ...exact]
  const latest = new Map(all.map(([key, value]) => [key.toLowerCase(), [key, value] as const]))
  return Object.fromEntries(latest.values())
}
