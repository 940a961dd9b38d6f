/** `agentcore stop-session`: the end of a session. */
import { command } from '../program/Command'
import { stopSession as flags } from '../status/flags'

/** The command. */
export const stopSession = command({
  name: 'stop-session',
  summary: 'end a session of an agent, and the process or machine that it has',
  about: 'Its id may be used again: the next call starts it fresh. A session that is gone already is no failure.',
  flags,
  examples: [
    { line: 'agentcore stop-session', about: 'the session that was last used' },
    { line: 'agentcore stop-session --session-id user-7-conversation-2026-11-25-0001', about: 'that session' },
  ],
  load: () => import('./run.js'),
})
