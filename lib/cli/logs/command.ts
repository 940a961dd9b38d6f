/** `agentcore logs`: what the sessions of an agent wrote. */
import * as E from 'fp-ts/Either'
import { command } from '../program/Command'
import { type Parse, text, toggle, value, type Values } from '../program/Flag'
import { type Since, parseSince } from './Since'

const since: Parse<Since> = (given) =>
  E.fromNullable('expected a time such as 10m, 2h or 2026-11-27T09:00Z')(parseSince(given))

const flags = {
  agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
  session: text('--session <id>', 'only this session; the beginning of its id is enough'),
  since: value('--since <time>', 'only what was written since then: 30s, 10m, 2h, 1d, or a date and time', since),
  follow: toggle('-f, --follow', 'wait for more until Ctrl-C'),
}

/** The flags of `agentcore logs`, parsed. */
export type LogsFlags = Values<typeof flags>

/** The command. */
export const logs = command({
  name: 'logs',
  summary: 'show what the sessions of an agent wrote',
  about:
    'Shows the logs of sessions that run on this machine with agentcore deploy --local, and of those that have ended ' +
    'since. With --json it prints one JSON document or, with --follow, one JSON object per line. Exits with code 1 if ' +
    'there is nothing to show. Logs in the cloud are not supported yet.',
  flags,
  examples: [
    { line: 'agentcore logs --since 10m', about: 'what was written in the last ten minutes' },
    { line: 'agentcore logs --follow', about: 'as it is written' },
    { line: 'agentcore logs --session 6f1c2a90 --json', about: 'one session, as JSON' },
  ],
  load: () => import('./run.js'),
})
