/** `agentcore logs`: what the sessions of an agent wrote. */
import { command } from '../program/Command'
import { flags } from './logsFlags'

/** The command. */
export const logs = command({
  name: 'logs',
  summary: 'show what the sessions of an agent wrote',
  about:
    'Shows what a deployed agent has written to CloudWatch Logs in the last hour, or since --since. For an agent that is not ' +
    'deployed, or with --local, it shows the logs of sessions that run on this machine with agentcore deploy --local or ' +
    'agentcore dev, and of those that have ended since. With --json it prints one JSON document or, with --follow, one ' +
    'JSON object per line. Exits with code 1 if there is nothing to show.',
  flags,
  examples: [
    { line: 'agentcore logs --since 10m', about: 'what was written in the last ten minutes' },
    { line: 'agentcore logs --follow', about: 'as it is written' },
    { line: 'agentcore logs --endpoint prod --since 1d', about: 'an endpoint of the deployed agent' },
    { line: 'agentcore logs --local', about: 'what runs on this machine' },
    { line: 'agentcore logs --session 6f1c2a90 --json', about: 'one session, as JSON' },
  ],
  load: () => import('./run.js'),
})
