/** What AWS's own client sends and reads, beside what this one does: the same requests, the same events. */
import {
  BedrockAgentCoreClient,
  GetAgentCardCommand,
  InvokeAgentRuntimeCommand,
  InvokeAgentRuntimeCommandCommand,
  StopRuntimeSessionCommand,
} from '@aws-sdk/client-bedrock-agentcore'
import { dataPlane, type Heard, json, type Say, temporary } from './dataPlane'
import { chunk } from './eventStream'
import { arn } from './support'

const runtimeSessionId = 'session-0123456789-0123456789-0123456789'

const official = (endpoint: string): BedrockAgentCoreClient =>
  new BedrockAgentCoreClient({ region: 'us-west-2', endpoint, credentials: temporary, maxAttempts: 1 })

/** What of a request the service acts on. */
const essence = (heard: Heard | undefined): object => ({
  method: heard?.method,
  path: heard?.url.pathname,
  query: heard?.url.search,
  session: heard?.headers['x-amzn-bedrock-agentcore-runtime-session-id'],
  user: heard?.headers['x-amzn-bedrock-agentcore-runtime-user-id'],
  accept: heard?.headers.accept,
  type: heard?.headers['content-type'],
  isSigned: heard?.isSigned,
})

const streaming: Say = (_, res) => {
  res.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
  const events = [
    { contentStart: {} },
    { contentDelta: { stdout: 'out', stderr: 'err' } },
    { contentStop: { exitCode: 3, status: 'COMPLETED' } },
  ]
  res.end(Buffer.concat(events.map(chunk)))
}

describe('beside the client of AWS', () => {
  it('an invocation is the same', () =>
    dataPlane(json({ ok: true }), async ({ url, heard, client }) => {
      const payload = Buffer.from('{"prompt":"hi"}')
      await official(url).send(
        new InvokeAgentRuntimeCommand({
          ...{ agentRuntimeArn: arn, qualifier: 'prod', runtimeSessionId, runtimeUserId: 'ann', payload },
          ...{
            contentType: 'application/json',
            accept: 'application/json, text/event-stream, application/vnd.agentcore-fp.refusal+json',
          },
        }),
      )
      await client({ qualifier: 'prod' }).invoke({ prompt: 'hi' }, { sessionId: runtimeSessionId, userId: 'ann' })
      const [theirs, ours] = heard
      expect(essence(ours)).toEqual(essence(theirs))
      expect(ours?.body).toEqual(theirs?.body)
    }))

  it('a stop is the same', () =>
    dataPlane(json({ statusCode: 200 }), async ({ url, heard, client }) => {
      await official(url).send(new StopRuntimeSessionCommand({ agentRuntimeArn: arn, runtimeSessionId }))
      await client().stopSession(runtimeSessionId)
      const [theirs, ours] = heard
      expect(essence(ours)).toEqual(essence(theirs))
      const keysOf = (one: Heard | undefined): ReadonlyArray<string> =>
        Object.keys(JSON.parse(String(one?.body)) as object)
      expect(keysOf(ours)).toEqual(keysOf(theirs))
    }))

  it('asking for a card is the same', () =>
    dataPlane(json({ name: 'a' }), async ({ url, heard, client }) => {
      await official(url).send(new GetAgentCardCommand({ agentRuntimeArn: arn, runtimeSessionId }))
      await client().agentCard({ sessionId: runtimeSessionId })
      const [theirs, ours] = heard
      expect({ ...essence(ours), accept: 0 }).toEqual({ ...essence(theirs), accept: 0 })
    }))

  it('a command is the same, and so is what it says', () =>
    dataPlane(streaming, async ({ url, heard, client }) => {
      const { stream } = await official(url).send(
        new InvokeAgentRuntimeCommandCommand({
          agentRuntimeArn: arn,
          ...{ runtimeSessionId, contentType: 'application/json', accept: 'application/vnd.amazon.eventstream' },
          body: { command: 'ls', timeout: 5 },
        }),
      )
      const theirs: Array<unknown> = []
      for await (const event of stream ?? []) theirs.push(event.chunk)
      const ours: Array<unknown> = []
      for await (const event of client().command('ls', { timeout: 5, sessionId: runtimeSessionId })) ours.push(event)
      expect(theirs).toMatchObject([
        { contentStart: {} },
        { contentDelta: { stdout: 'out', stderr: 'err' } },
        { contentStop: { exitCode: 3, status: 'COMPLETED' } },
      ])
      expect(ours).toEqual([
        { _tag: 'Started' },
        { _tag: 'Output', stdout: 'out', stderr: 'err' },
        { _tag: 'Ended', exitCode: 3, status: 'COMPLETED' },
      ])
      expect(essence(heard[1])).toEqual(essence(heard[0]))
      expect(JSON.parse(String(heard[1]?.body))).toEqual(JSON.parse(String(heard[0]?.body)))
    }))
})
