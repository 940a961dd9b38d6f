/** What the driver and the agent's process tell each other, beside the load. */

/** The agent's process at one moment, after a forced garbage collection. Sizes are bytes. */
export interface Sample {
  readonly heap: number
  readonly rss: number
  readonly connections: number
  readonly tasks: number
  readonly streams: number
  readonly sockets: number
  /** Of how many sessions state is kept. */
  readonly sessions: number
  readonly rejections: number
  /** What the log says that it should not say, and how often. */
  readonly surprises: Readonly<Record<string, number>>
  /** What keeps the event loop alive, by kind. */
  readonly handles: Readonly<Record<string, number>>
}

export type Ask = 'sample' | 'stop'

export type Tell =
  | { readonly _tag: 'Listening'; readonly port: number }
  | { readonly _tag: 'Sampled'; readonly sample: Sample }
  | { readonly _tag: 'Stopped'; readonly ms: number }
