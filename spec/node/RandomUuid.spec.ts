import { randomUuid } from '../../lib/node/RandomUuid'

describe('randomUuid', () => {
  const uuids = Array.from({ length: 1000 }, randomUuid)

  it('returns UUIDs of version 4', () => {
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('returns each once', () => expect(new Set(uuids).size).toBe(uuids.length))

  it('varies every digit but those of the version and the variant', () => {
    const digitsAt = (at: number): number => new Set(uuids.map((uuid) => uuid[at])).size
    const counts = Array.from({ length: 36 }, (_, at) => digitsAt(at))
    const hyphens = [8, 13, 18, 23]
    expect(counts).toEqual(counts.map((_, at) => (hyphens.includes(at) || at === 14 ? 1 : at === 19 ? 4 : 16)))
  })
})
