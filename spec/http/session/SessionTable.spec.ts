/** The table of sessions knows those that are in use or have state, and no other. */
import * as fc from 'fast-check'
import type { SessionId } from '../../../lib/core/Session'
import { createSessionTable, type SessionTable } from '../../../lib/http/session/SessionTable'
import { settings } from '../../../lib/http/state/Options'

const a = 'a' as SessionId
const b = 'b' as SessionId

const createTable = (max = 10): { readonly table: SessionTable; readonly dropped: ReadonlyArray<string> } => {
  const dropped: Array<string> = []
  const table = createSessionTable(settings({ session: { max } }), (id) => void dropped.push(id))
  return { table, dropped }
}

const save = (table: SessionTable, id: SessionId): void => {
  table.enter(id)
  table.dispatch(id, { _tag: 'Saving' })
  table.dispatch(id, { _tag: 'Saved', seen: { savedAt: 1, version: 'v' } })
  table.leave(id)
}

describe('a session without state', () => {
  it('is known only while it is in use, however sessions come and go', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(a, b, 'c' as SessionId), fc.boolean())), (events) => {
        const { table } = createTable()
        const users = new Map<SessionId, number>()
        for (const [id, enters] of events) {
          const before = users.get(id) ?? 0
          if (!enters && before === 0) continue
          if (enters) table.enter(id)
          else table.leave(id)
          users.set(id, before + (enters ? 1 : -1))
          const inUse = [...users.values()].filter((count) => count > 0).length
          expect(table.size()).toEqual({ kept: 0, known: inUse })
        }
      }),
    ))

  it('may get state when it comes back, and then stays', () => {
    const { table } = createTable()
    table.enter(a)
    table.leave(a)
    save(table, a)
    table.enter(b)
    table.leave(b)
    expect(table.size()).toEqual({ kept: 1, known: 1 })
    table.stop()
  })

  it('is not dropped in the place of one with state', () => {
    const { table, dropped } = createTable(1)
    save(table, a)
    table.enter(b)
    table.leave(b)
    save(table, b)
    expect(dropped).toEqual([a])
    expect(table.size()).toEqual({ kept: 1, known: 1 })
    table.stop()
  })
})
