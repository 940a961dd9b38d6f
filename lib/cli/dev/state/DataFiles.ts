/**
 * Files that an agent reads by itself while it runs, such as prompts: a bundle is the same whatever they hold, so that
 * only a new start reads them anew. An agent writes files, too, which must not restart it.
 */
import { basename } from 'node:path'

/** Whether a file that has changed may be data: it did not go into the bundle, and nothing but a bundle reads it. */
export const isData =
  (inputs: ReadonlySet<string>) =>
  (path: string): boolean =>
    !inputs.has(path) && !/\.[cm]?tsx?$/.test(path) && basename(path) !== '.env' && !path.includes('node_modules')

/** What the agent has been doing when a file changed, in milliseconds; 0 while it does. */
export interface Activity {
  /** Since a server started. */
  readonly sinceStart: number
  /** Since the last request ended. */
  readonly sinceRequest: number
}

/** For how long what an agent does may still lead to writes, in milliseconds. */
const settling = 1000

/** Whether the agent may have written a file that changed: nobody says who does, but an idle agent rarely does. */
export const mayBeOwn = ({ sinceStart, sinceRequest }: Activity): boolean =>
  Math.min(sinceStart, sinceRequest) < settling
