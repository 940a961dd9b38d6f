import { ClientError } from '../../lib/client'
import { examples } from '../client/examples'
import { tableUnder, manual } from './support'

const rows = tableUnder(manual, 'Failures').map(([tag = '']) => tag.replaceAll('`', ''))

describe('the failures of a client', () => {
  it('are those of the manual', () => {
    expect([...rows].sort()).toEqual(Object.keys(examples).sort())
  })

  it('stand under their own names', () => {
    expect(Object.entries(examples).filter(([tag, { _tag }]) => tag !== _tag)).toEqual([])
  })

  it('are explained in one line each, all of them differently', () => {
    const lines = Object.values(examples).map(ClientError.explain)
    expect(lines.filter((line) => line.includes('\n') || line.length < 10)).toEqual([])
    expect(new Set(lines).size).toBe(lines.length)
  })
})
