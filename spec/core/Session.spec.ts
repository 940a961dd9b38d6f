/** When a session may be dropped, which one is given up for a new one, and what is a session id. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import {
  enter,
  expired,
  idleTimeout,
  isExpired,
  leastRecentlyUsed,
  leave,
  parseId,
  type SessionId,
  unused,
  type Use,
} from '../../lib/core/Session'
import { left, right } from './support'

const id = (text: string): SessionId => right(parseId(text))

describe('parseId', () => {
  it('accepts 1 to 256 visible ASCII characters', () => {
    const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(fc.string({ unit: visible, minLength: 1, maxLength: 256 }), (text) => {
        expect(parseId(text)).toEqual(E.right(text))
      }),
    )
    expect(E.isRight(parseId('a'.repeat(256)))).toBe(true)
  })

  it('refuses everything else', () => {
    const invisible = fc.constantFrom(
      ' ',
      '\t',
      '\n',
      '\r',
      '\0',
      '\x1f',
      '\x7f',
      '\x80',
      '\xa0',
      'é',
      '\u2028',
      '😀',
      '\ud800',
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), invisible, fc.string({ maxLength: 100 }), (before, bad, after) => {
        expect(left(parseId(`${before}${bad}${after}`))._tag).toBe('InvalidSessionId')
      }),
    )
    expect(['', 'a'.repeat(257), 'id\n', '\nid'].map(parseId).every(E.isLeft)).toBe(true)
  })

  it('accepts exactly the code units from ! to ~', () => {
    const accepted = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) =>
      E.isRight(parseId(String.fromCharCode(code))),
    )
    expect(accepted).toEqual(Array.from({ length: 0x7e - 0x21 + 1 }, (_, i) => 0x21 + i))
  })
})

/** What can happen to the sessions of an app. */
type Move =
  | { readonly _tag: 'Enter'; readonly who: number }
  | { readonly _tag: 'Leave'; readonly who: number }
  | { readonly _tag: 'Wait'; readonly ms: number }
  | { readonly _tag: 'Sweep' }

const who = fc.nat({ max: 3 })

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ _tag: fc.constant('Enter' as const), who }),
  fc.record({ _tag: fc.constant('Leave' as const), who }),
  fc.record({ _tag: fc.constant('Wait' as const), ms: fc.integer({ min: -500, max: 3_000 }) }), // clocks are set back, too
  fc.constant<Move>({ _tag: 'Sweep' }),
)

describe('expired', () => {
  it('never names a session in use, and names each idle one in time, under any sequence of moves', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 100 }), fc.integer({ min: 1, max: 2_000 }), (moves, timeout) => {
        let now = 1_000_000
        const uses = new Map<SessionId, Use>()
        const model = new Map<SessionId, { inside: number; last: number }>()
        for (const next of moves) {
          switch (next._tag) {
            case 'Wait':
              now += next.ms
              break
            case 'Enter': {
              const name = id(`s${next.who}`)
              uses.set(name, enter(now)(uses.get(name) ?? unused(now)))
              model.set(name, { inside: (model.get(name)?.inside ?? 0) + 1, last: now })
              break
            }
            case 'Leave': {
              const name = id(`s${next.who}`)
              const [use, known] = [uses.get(name), model.get(name)]
              if (use === undefined || known === undefined || known.inside === 0) break // who is not inside, cannot leave
              uses.set(name, leave(now)(use))
              model.set(name, { inside: known.inside - 1, last: now })
              break
            }
            case 'Sweep': {
              const idle = [...model].filter(([, { inside, last }]) => inside === 0 && now - last >= timeout)
              expect(expired(now, timeout)(uses)).toEqual(idle.map(([name]) => name))
              for (const [name] of idle) {
                uses.delete(name)
                model.delete(name)
              }
            }
          }
          for (const [name, { inside }] of model) expect(uses.get(name)?.users).toBe(inside)
        }
      }),
    )
  })

  it('spares a session in use however long', () => {
    expect(isExpired(Number.MAX_SAFE_INTEGER, 1)(enter(0)(unused(0)))).toBe(false)
  })

  it('counts from the last leave, to the millisecond', () => {
    const use = leave(500)(enter(100)(unused(0)))
    expect([1_499, 1_500].map((now) => isExpired(now, 1_000)(use))).toEqual([false, true])
  })

  it('waits as long as the service does: 15 minutes', () => expect(idleTimeout).toBe(900_000))
})

describe('leave', () => {
  it('of a session that nobody uses leaves nobody in it', () => {
    expect(leave(5)(unused(0))).toEqual({ users: 0, lastUsed: 5 })
  })
})

describe('leastRecentlyUsed', () => {
  const use = fc.record({ users: fc.nat({ max: 2 }), lastUsed: fc.nat({ max: 20 }) })

  it('is an idle session that no idle one is older than; none only if all are in use', () => {
    fc.assert(
      fc.property(fc.array(use), (uses) => {
        const table = new Map(uses.map((one, i) => [id(`s${i}`), one]))
        const picked = leastRecentlyUsed(table)
        const idle = [...table].filter(([, { users }]) => users === 0)
        if (picked === undefined) return expect(idle).toEqual([])
        const chosen = table.get(picked)
        expect(chosen?.users).toBe(0)
        expect(chosen?.lastUsed).toBe(Math.min(...idle.map(([, { lastUsed }]) => lastUsed)))
      }),
    )
  })

  it('of an empty table is none', () => expect(leastRecentlyUsed([])).toBeUndefined())
})
