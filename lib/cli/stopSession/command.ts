/** `agentcore stop-session`: the end of a session. */
import { command } from '../program/Command'
import { stopSession as flags } from '../status/flags'

/** The command. */
export const stopSession = command({
  name: 'stop-session',
  summary: 'stop a session of an agent and its process or machine',
  about:
    'The session id can be reused: the next call starts a new session. A session that has already ended is not an error.',
  flags,
  examples: [
    { line: 'agentcore stop-session', about: 'the last session used' },
    { line: 'agentcore stop-session --session-id user-7-conversation-2026-11-25-0001', about: 'a given session' },
  ],
  load: () => import('./run.js'),
})
