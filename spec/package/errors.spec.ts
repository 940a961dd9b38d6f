import * as ts from 'typescript'
import * as AgentError from '../../lib/node/failure/AgentErrors'
import { read, tableUnder, manual } from './support'

/** The codes of refusals that have AWS's names. */
const awsNames: ReadonlyArray<AgentError.AwsErrorName> = [
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]

type Tag = AgentError.AgentError['_tag']

/** One failure of every case, through its constructor. A new case does not compile until it stands here. */
const examples: Readonly<Record<Tag, AgentError.AgentError>> = {
  BadRequest: AgentError.badRequest('no'),
  InvalidJson: AgentError.invalidJson('no'),
  InvalidEncoding: AgentError.invalidEncoding('no'),
  InvalidPayload: AgentError.invalidPayload([]),
  InvalidSessionId: AgentError.invalidSessionId,
  MissingSessionId: AgentError.missingSessionId,
  UnknownAction: AgentError.unknownAction('no'),
  Unauthorized: AgentError.unauthorized('no'),
  AwsRefused: AgentError.awsRefused('InvalidSignatureException', 'no'),
  ForbiddenHost: AgentError.forbiddenHost('no'),
  ForbiddenOrigin: AgentError.forbiddenOrigin('no'),
  ForbiddenCaller: AgentError.forbiddenCaller,
  NotFound: AgentError.notFound(),
  MethodNotAllowed: AgentError.methodNotAllowed('POST'),
  NotAcceptable: AgentError.notAcceptable,
  RequestTimeout: AgentError.requestTimeout,
  PayloadTooLarge: AgentError.payloadTooLarge(1),
  UnsupportedMediaType: AgentError.unsupportedMediaType('no'),
  UpgradeRequired: AgentError.upgradeRequired,
  HeadersTooLarge: AgentError.headersTooLarge,
  Interrupted: AgentError.interrupted,
  Cancelled: AgentError.cancelled,
  Rejected: AgentError.rejected(418, 'no'),
  Unexpected: AgentError.unexpected('no'),
  Unencodable: AgentError.unencodable('no'),
  InvalidState: AgentError.invalidState([]),
  NoEntrypoint: AgentError.noEntrypoint,
  StoreFailed: AgentError.storeFailed('no'),
  TooManySessions: AgentError.tooManySessions(1),
  Overloaded: AgentError.overloaded(),
  TooManyTasks: AgentError.tooManyTasks(1),
  Stopping: AgentError.stopping,
  AuthorizerUnavailable: AgentError.authorizerUnavailable('no'),
  ContextTooLong: AgentError.contextTooLong('no'),
  BudgetExceeded: AgentError.budgetExceeded('no'),
  ModelFailed: AgentError.modelFailed('no'),
  ModelThrottled: AgentError.modelThrottled('no'),
  DeadlineExceeded: AgentError.deadlineExceeded,
  InvalidMessage: AgentError.invalidMessage([]),
  MessageTooLarge: AgentError.messageTooLarge(1),
  SocketClosed: AgentError.socketClosed(1000),
}

/** One failure of every code: those with AWS's names are one case. */
const ofEveryCode: ReadonlyArray<AgentError.AgentError> = [
  ...Object.values(examples).filter(({ _tag }) => _tag !== 'AwsRefused'),
  ...awsNames.map((name) => AgentError.awsRefused(name, 'no')),
]

/** The tags of the union, as its source lists them. */
const tagsOf = (text: string): ReadonlyArray<string> => {
  const tags: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) && node.name.getText() === '_tag' && node.type && ts.isLiteralTypeNode(node.type))
      tags.push(node.type.literal.getText().slice(1, -1))
    ts.forEachChild(node, visit)
  }
  const source = ts.createSourceFile('AgentError.ts', text, ts.ScriptTarget.ES2022, true)
  source.statements
    .filter((statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === 'AgentError')
    .forEach(visit)
  return tags
}

/** `CODE status` of a case. The status of a rejection is the handler's: its row says so in words. */
const wireOf = (error: AgentError.AgentError): string => {
  const { code, status } = AgentError.problem(error)
  return `${code} ${error._tag === 'Rejected' ? 'any' : status}`
}

const rowsOf = (markdown: string): ReadonlyArray<string> =>
  tableUnder(markdown, 'Errors').map(([code = '', status = '']) => {
    const [plainCode, plainStatus] = [code.replaceAll('`', ''), status.replaceAll('`', '')]
    return `${plainCode} ${/^\d+$/.test(plainStatus) ? plainStatus : 'any'}`
  })

describe('error codes', () => {
  const source = read('lib/core/AgentError.ts')

  it('are made here for every case of the union', () => {
    expect(Object.keys(examples).sort()).toEqual([...tagsOf(source)].sort())
    expect(Object.entries(examples).filter(([tag, { _tag }]) => tag !== _tag)).toEqual([])
  })

  it('are those of the manual, with the same status', () => {
    expect([...rowsOf(manual)].sort()).toEqual(ofEveryCode.map(wireOf).sort())
  })

  it('belong to one case each', () => {
    const codes = ofEveryCode.map((error) => AgentError.problem(error).code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('are told by the comment of the constructor', () => {
    const missing = ofEveryCode
      .map((error) => AgentError.problem(error).code)
      .filter((code) => !source.includes(`\`${code}\``))
    expect(missing).toEqual([])
  })

  it('are read from the union alone, and rows from the table alone', () => {
    const union = `type AgentError = { readonly [b]: true } & (| { readonly _tag: 'A' } | { readonly _tag: 'B' })`
    expect(tagsOf(`${union}\ntype Other = { readonly _tag: 'C' }`)).toEqual(['A', 'B'])
    const table = '## Errors\n\n| code | status | meaning |\n|---|---|---|\n| `A` | 400 | a |\n| B | yours | b |\n'
    expect(rowsOf(`${table}\n## Next\n\n| C | 1 | c |\n`)).toEqual(['A 400', 'B any'])
  })
})
