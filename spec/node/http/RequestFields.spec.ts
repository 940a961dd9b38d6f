import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { customPrefix, header } from '../../../lib/core/Protocol'
import { withQuery } from '../../../lib/node/http/RequestFields'

describe('the headers of a query', () => {
  it('are the session id and custom headers, by their lower-case name, and nothing else', () => {
    const query =
      'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=s%201&X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant=t&Authorization=x' +
      '&cookie=c&X-Amzn-Bedrock-AgentCore-Runtime-User-Id=u'
    expect(withQuery({ accept: 'a' }, query)).toEqual(
      E.right({ accept: 'a', [header.sessionId]: 's 1', [`${customPrefix}tenant`]: 't' }),
    )
  })

  it('never name another header, whatever the query', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webQueryParameters(), fc.constant('__proto__=x&%zz=%')), (query) => {
        const found = withQuery({}, query)
        const names = E.isRight(found) ? Object.keys(found.right) : []
        expect(names.every((name) => name === header.sessionId || name.startsWith(customPrefix))).toBe(true)
      }),
    )
  })
})
