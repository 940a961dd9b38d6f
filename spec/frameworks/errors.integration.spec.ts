/** What frameworks and SDKs of models really throw, and the failure that `AgentError.fromModel` makes of it. */
import { node } from '../cli/support'
import { inFramework, installed, installing, node22 } from './installed'

const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  strands: {
    throttled: 'ModelThrottled',
    'throttled by AWS': 'ModelThrottled',
    'too long': 'ContextTooLong',
    'too long for Bedrock': 'ContextTooLong',
    'too many tokens': 'BudgetExceeded',
    'refused by AWS': 'ModelFailed',
    busy: 'Rejected',
  },
  'openai-agents': {
    throttled: 'ModelThrottled 7',
    'too long': 'ContextTooLong',
    'wrong key': 'ModelFailed',
    'no such model': 'ModelFailed',
    broken: 'ModelFailed',
    aborted: 'Interrupted',
    'timed out': 'DeadlineExceeded',
    'too many turns': 'BudgetExceeded',
    unreachable: 'ModelFailed',
  },
  langgraph: {
    'too many steps': 'BudgetExceeded',
    aborted: 'Interrupted',
    throttled: 'ModelThrottled',
    'too long': 'ContextTooLong',
  },
  mastra: {
    throttled: 'ModelThrottled 7',
    overloaded: 'ModelThrottled 7',
    'too long': 'ContextTooLong',
    'wrong key': 'ModelFailed',
    'no network': 'ModelFailed',
    'timed out': 'DeadlineExceeded',
    aborted: 'none',
  },
  ai7: {
    throttled: 'ModelThrottled 1',
    'throttled again and again': 'ModelThrottled 1',
    'too long': 'ContextTooLong',
    'wrong key': 'ModelFailed',
    'timed out': 'DeadlineExceeded',
    'no network': 'ModelFailed',
  },
}

beforeAll(() => {
  node22()
  Object.keys(cases).forEach(installed)
}, installing)

describe('what is thrown by', () => {
  it.each(Object.entries(cases))(
    '%s',
    (name, expected) =>
      inFramework(name, async ({ folder }) => {
        const { ended, stdout, stderr } = node(['errors.mjs'], folder, { NODE_OPTIONS: undefined }, node22())
        if ((await ended) !== 0) throw new Error(stderr())
        expect(JSON.parse(stdout().split('\n').at(-1) ?? '')).toEqual(expected)
      }),
    60_000,
  )
})
