/** `agentcore destroy`: what deployments have made in AWS is removed. */
import * as Rules from '../../config/Rules'
import { command } from '../program/Command'
import { text, toggle, value } from '../program/Flag'

/** The command. */
export const destroy = command({
  name: 'destroy',
  summary: 'remove from AWS what agentcore deploy has made',
  about:
    'Removes the runtime with its endpoints, what built its images and the repository that holds them, the uploaded code, ' +
    'the bucket and the role, in this order. What you gave stays, and so does a bucket that other agents use. The configuration stays too: agentcore deploy makes ' +
    'everything again. Asks first, unless --force is given.',
  flags: {
    agent: text('-a, --agent <name>', 'agent to use (default: the default agent)'),
    dryRun: toggle('--dry-run', 'show what would be removed, and remove nothing'),
    force: toggle('-f, --force', 'do not ask'),
    region: value('--region <name>', 'AWS region (default: that of the configuration, then AWS_REGION)', Rules.region),
    profile: text('--profile <name>', 'profile of the AWS configuration (default: AWS_PROFILE)'),
  },
  examples: [
    { line: 'agentcore destroy --dry-run', about: 'what would be removed' },
    { line: 'agentcore destroy --agent hello --force', about: 'in a script' },
  ],
  load: () => import('./run.js'),
})
