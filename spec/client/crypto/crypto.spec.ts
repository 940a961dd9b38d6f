/** The crypto of the browsers' bundle, held to Node's. */
import * as node from 'node:crypto'
import * as fc from 'fast-check'

const shim = import('../../../lib/client/crypto/crypto.mjs')

const data = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 100 }))

describe('the crypto of the browsers', () => {
  it('digests as that of Node does', async () => {
    const { createHash } = await shim
    fc.assert(
      fc.property(fc.array(data), (parts) => {
        const ours = parts.reduce((digest, part) => digest.update(part), createHash('sha256'))
        const theirs = parts.reduce((digest, part) => digest.update(part), node.createHash('sha256'))
        expect(ours.digest('hex')).toBe(theirs.digest('hex'))
      }),
    )
  })

  it('signs as that of Node does', async () => {
    const { createHmac } = await shim
    fc.assert(
      fc.property(data, data, (key, text) => {
        const theirs = node.createHmac('sha256', key).update(text).digest()
        expect([...createHmac('sha256', key).update(text).digest()]).toEqual([...theirs])
        expect(createHmac('sha256', key).update(text).digest('hex')).toBe(theirs.toString('hex'))
      }),
    )
  })

  it('makes random ids of version 4', async () => {
    const { randomUUID } = await shim
    const ids = Array.from({ length: 1000 }, randomUUID)
    expect(new Set(ids).size).toBe(1000)
    expect(ids.filter((id) => !/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id))).toEqual([])
  })
})
