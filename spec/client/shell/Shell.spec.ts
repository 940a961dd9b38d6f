/** Shells: their frames as a codec, and connections to a stand-in that has a real bash. */
import { PassThrough, Writable } from 'node:stream'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { explain } from '../../../lib/client/error/ClientError'
import { type Output, reconnect, shell, type Shell } from '../../../lib/client/shell/Shell'
import { decode, encode, type ShellFrame, type Size, toStatus } from '../../../lib/client/shell/ShellFrame'
import { attach } from '../../../lib/client/shell/ShellStreams'
import { left } from '../../core/support'
import { eventually } from '../../http/support'
import { environment, leftOf, local, newId, rightOf, standIn } from '../environment'
import { shells } from './shellServer'

// ---------------------------------------------------------------------------------------------------------------------
// frames
// ---------------------------------------------------------------------------------------------------------------------

const bytes = fc.uint8Array({ maxLength: 100 })
const length = fc.integer({ min: 1, max: 65_535 })

const frame: fc.Arbitrary<ShellFrame> = fc.oneof(
  fc.record({ _tag: fc.constantFrom('Stdin' as const, 'Stdout' as const, 'Stderr' as const), data: bytes }),
  fc.record({
    _tag: fc.constant('Status' as const),
    status: fc.jsonValue().map((raw) => toStatus(JSON.parse(JSON.stringify(raw)))),
  }),
  fc.record({ _tag: fc.constant('Resize' as const), size: fc.record({ width: length, height: length }) }),
  fc.constantFrom<ShellFrame>({ _tag: 'Heartbeat' }, { _tag: 'Close' }),
  fc.record({ _tag: fc.constant('Unknown' as const), channel: fc.integer({ min: 6, max: 254 }), data: bytes }),
)

describe('a frame of a shell', () => {
  it('is decoded from what it is encoded to', () => {
    fc.assert(fc.property(frame, (one) => expect(decode(encode(one))).toEqual(E.right(one))))
  })

  it('is of the channels of the contract', () => {
    const data = new Uint8Array([7])
    expect([...encode({ _tag: 'Stdin', data })]).toEqual([0, 7])
    expect([...encode({ _tag: 'Stdout', data })]).toEqual([1, 7])
    expect([...encode({ _tag: 'Stderr', data })]).toEqual([2, 7])
    expect(Buffer.from(encode({ _tag: 'Resize', size: { width: 80, height: 24 } })).toString()).toBe(
      '\x04{"width":80,"height":24}',
    )
    expect([...encode({ _tag: 'Heartbeat' })]).toEqual([5])
    expect([...encode({ _tag: 'Close' })]).toEqual([255])
  })

  it('is a left or a frame, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        const decoded = decode(data)
        if (E.isLeft(decoded)) expect(decoded.left._tag).toBe('InvalidAnswer')
        else if (data.length === 0) throw new Error('an empty frame')
      }),
    )
  })

  it.each([[[]], [[3]], [[3, 0xff]], [[3, 123]], [[4]], [[4, 0x31]], [[4, 123, 125]]])('is not %j', (data) => {
    expect(left(decode(new Uint8Array(data)))._tag).toBe('InvalidAnswer')
  })

  it('says how a shell has ended', () => {
    const causes = [{ reason: 'ExitCode', message: '7' }]
    expect(toStatus({ status: 'Failure', message: 'm', details: { causes } })).toMatchObject({
      ...{
        status: O.some('Failure'),
        message: O.some('m'),
        exitCode: O.some(7),
        shellId: O.none,
        isReconnected: false,
      },
    })
    expect(toStatus({ status: 'Success' }).exitCode).toEqual(O.some(0))
    expect(toStatus({ status: 'Success', metadata: { shellId: 'a', reconnected: true } })).toMatchObject({
      ...{ shellId: O.some('a'), isReconnected: true, exitCode: O.none },
    })
    for (const odd of [null, 1, [], { details: { causes: 1 } }, { metadata: [] }])
      expect(toStatus(odd)).toMatchObject({ exitCode: O.none, shellId: O.none })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// connections
// ---------------------------------------------------------------------------------------------------------------------

const at = (url: string, connectTimeout = 5000) => environment({ target: standIn(url, 'prod'), connectTimeout })

const textOf = (outputs: ReadonlyArray<Output>, tag: Output['_tag']): string =>
  outputs.map((one) => (one._tag === tag && one._tag !== 'Status' ? Buffer.from(one.data).toString() : '')).join('')

/** What is said until it contains a text. */
const until = async (self: Shell, text: string): Promise<string> => {
  const heard: Array<Output> = []
  while (!textOf(heard, 'Stdout').includes(text)) {
    const output = await rightOf(self.receive)
    if (O.isNone(output)) throw new Error(`it ended before it said ${text}`)
    heard.push(output.value)
  }
  return textOf(heard, 'Stdout')
}

describe('a shell', () => {
  it('takes input and gives output, errors and its exit code, then ends', () =>
    shells(async (url, seen) => {
      const self = await rightOf(shell()(at(url)))
      expect(self).toMatchObject({ sessionId: newId(), isReconnected: false, shellId: 'made-0' })
      await rightOf(self.write('echo "out $((40 + 2))"; echo err >&2; exit 7\n'))
      const heard: Array<Output> = []
      for await (const output of self.output) heard.push(output)
      expect(textOf(heard, 'Stdout')).toBe('out 42\n')
      expect(textOf(heard, 'Stderr')).toBe('err\n')
      const last = heard.at(-1)
      expect(last?._tag === 'Status' && last.status.exitCode).toEqual(O.some(7))
      expect(await self.closed()).toMatchObject({ code: 1000 })
      expect(seen.urls).toEqual([
        expect.stringMatching(/^\/runtimes\/arn%3A.*agent-a1b2c3d4e5\/ws\/shells\?qualifier=prod$/),
      ])
    }))

  it('takes more input than a frame holds, and bytes as they are', () =>
    shells(async (url, seen) => {
      const self = await rightOf(shell()(at(url)))
      const big = Buffer.alloc(200_000, 'x')
      await rightOf(self.write(Buffer.concat([Buffer.from("wc -c <<'E'\n"), big, Buffer.from('\nE\nexit\n')])))
      expect(await until(self, '\n')).toBe('200001\n')
      const sizes = seen.frames.map((one) => (one._tag === 'Stdin' ? one.data.length : 0))
      expect(Math.max(...sizes)).toBe(65_535)
      await self.closed()
    }))

  it('is told the size of its terminal, at first and later', () =>
    shells(async (url, seen) => {
      const self = await rightOf(shell({ size: { width: 80, height: 24 } })(at(url)))
      await rightOf(self.resize({ width: 100, height: 50 }))
      await eventually(() => seen.sizes.length === 2, 'both sizes have come')
      expect(seen.sizes).toEqual([
        { width: 80, height: 24 },
        { width: 100, height: 50 },
      ])
      const none: ReadonlyArray<Size> = [0, -1, 1.5, NaN, 65_536].map((width) => ({ width, height: 1 }))
      for (const size of none) expect(await leftOf(self.resize(size))).toMatchObject({ _tag: 'InvalidParameter' })
      self.leave()
    }))

  it('is told that this side is there, until it is left', () =>
    shells(async (url, seen) => {
      const self = await rightOf(shell({ heartbeat: 10 })(at(url)))
      const beats = (): number => seen.frames.filter(({ _tag }) => _tag === 'Heartbeat').length
      await eventually(() => beats() >= 3, 'it is told again and again')
      self.leave()
      await self.closed()
      const before = beats()
      await new Promise((resolve) => setTimeout(resolve, 50)) // in which it would be told more
      expect(beats()).toBe(before)
    }))

  it('is come back to, with what it has said meanwhile', () =>
    shells(async (url, seen) => {
      const first = await rightOf(shell({ shellId: 'mine' })(at(url)))
      await rightOf(first.write('a=kept; echo ready\n'))
      await until(first, 'ready')
      await rightOf(first.write('sleep 0.2; echo meanwhile\n'))
      await eventually(() => seen.frames.length === 2, 'it has heard')
      seen.cut()
      expect(await leftOf(first.receive)).toEqual({
        _tag: 'SocketClosed',
        closeCode: 1006,
        reason: 'the connection was lost',
      })
      const second = await rightOf(reconnect()(first)(at(url)))
      expect(second).toMatchObject({ shellId: 'mine', sessionId: first.sessionId, isReconnected: true })
      await until(second, 'meanwhile')
      await rightOf(second.write('echo $a; exit\n'))
      expect(await until(second, 'kept')).toBe('kept\n')
      expect(seen.urls.map((one) => new URL(one, 'http://x').searchParams.get('shellId'))).toEqual(['mine', 'mine'])
      await second.closed()
    }))

  it('says why, when another connection takes its place', () =>
    shells(async (url) => {
      const first = await rightOf(shell({ shellId: 'mine' })(at(url)))
      const second = await rightOf(reconnect()(first)(at(url)))
      const error = await leftOf(first.receive)
      expect(error).toMatchObject({ _tag: 'SocketClosed', closeCode: 4000 })
      expect(explain(error)).toContain('replaced by another connection to this shell')
      await rightOf(second.end)
      await second.closed()
    }))

  it('is ended, and not there any more', () =>
    shells(async (url) => {
      const first = await rightOf(shell({ shellId: 'mine' })(at(url)))
      await rightOf(first.end)
      expect(await rightOf(first.receive)).toEqual(O.none)
      await first.closed()
      await new Promise((resolve) => setTimeout(resolve, 100)) // for bash to be gone
      const second = await rightOf(shell({ shellId: 'mine' })(at(url)))
      expect(second.isReconnected).toBe(false)
      await rightOf(second.end)
      await second.closed()
    }))

  it('is joined to streams, and gives the exit code', () =>
    shells(async (url) => {
      const self = await rightOf(shell()(at(url)))
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
      stdin.write('cat <<E\nhi\nE\n')
      stdin.end('echo no >&2; exit 3\n')
      expect(await rightOf(attach({ stdin, stdout, stderr })(self))).toEqual(O.some(3))
      expect([String(stdout.read()), String(stderr.read())]).toEqual(['hi\n', 'no\n'])
    }))

  it('is slowed by a slow stream, and left when one fails', () =>
    shells(async (url) => {
      const self = await rightOf(shell()(at(url)))
      await rightOf(self.write('head -c 3000000 /dev/zero; exit\n'))
      const written = { bytes: 0 }
      const slow = new Writable({
        write: (data: Buffer, _, done) => {
          written.bytes += data.length
          setImmediate(done)
        },
      })
      expect(await rightOf(attach({ stdout: slow, stderr: slow })(self))).toEqual(O.some(0))
      expect(written.bytes).toBe(3_000_000)

      const other = await rightOf(shell()(at(url)))
      await rightOf(other.write('echo hi\n'))
      const broken = new Writable({ write: (_, __, done) => done(new Error('full')) })
      broken.on('error', () => undefined)
      expect(await leftOf(attach({ stdout: broken, stderr: broken })(other))).toMatchObject({
        _tag: 'InvalidParameter',
      })
      await rightOf(other.end)

      const third = await rightOf(shell()(at(url)))
      const failing = async function* (): AsyncGenerator<string> {
        yield 'echo hi\n'
        throw new Error('no more')
      }
      const error = await leftOf(attach({ stdin: failing(), stdout: slow, stderr: slow })(third))
      expect(error).toMatchObject({ _tag: 'InvalidParameter', name: 'The input' })
    }))
})

describe('a shell is refused', () => {
  it.each(['', '-a', 'a b', 'a&x=y', 'a\r\nb', 'a'.repeat(129), 'é'])('for the id %j', async (shellId) => {
    expect(await leftOf(shell({ shellId })(at('http://127.0.0.1:1')))).toMatchObject({ _tag: 'InvalidParameter' })
  })

  it('for an agent by its URL, which has none', async () => {
    const env = environment({ target: local('http://127.0.0.1:1') })
    expect(await leftOf(shell()(env))).toMatchObject({ _tag: 'InvalidEndpoint' })
  })

  it('where it does not begin in time', () =>
    shells(
      async (url) => {
        expect(await leftOf(shell()(at(url, 200)))).toEqual({
          _tag: 'ConnectTimeout',
          host: new URL(url).host,
          after: 200,
        })
      },
      { status: false },
    ))

  it('where it says text, or what is no frame', () =>
    shells(async (url, seen) => {
      for (const odd of ['text', new Uint8Array(), new Uint8Array([3, 1])]) {
        const self = await rightOf(shell()(at(url)))
        seen.say(odd)
        expect(await leftOf(self.receive)).toMatchObject({ _tag: 'InvalidAnswer' })
        await rightOf(self.end)
        await self.closed()
      }
    }))

  it('not for a channel that nobody knows, nor without the header', () =>
    shells(
      async (url, seen) => {
        const self = await rightOf(shell()(at(url)))
        expect(self.shellId).toBe('made-0')
        seen.say(new Uint8Array([77, 1]))
        seen.say(new Uint8Array([5]))
        await rightOf(self.write('echo hi; exit\n'))
        expect(await until(self, 'hi')).toBe('hi\n')
        await self.closed()
      },
      { header: false },
    ))

  it.each([
    [1001, 'the service is going away'],
    [1008, 'a limit or policy was violated'],
    [1011, 'the service failed'],
  ])('with the meaning of %d', (code, reason) =>
    shells(async (url, seen) => {
      const self = await rightOf(shell()(at(url)))
      seen.close(code)
      expect(await leftOf(self.receive)).toEqual({ _tag: 'SocketClosed', closeCode: code, reason })
    }),
  )
})
