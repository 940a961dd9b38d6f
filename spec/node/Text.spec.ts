import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { readText } from '../../lib/node/file/TextFile'
import { decodeText } from '../../lib/node/Utf8Text'
import { inFolder } from '../config/support'

const text = fc.string({ unit: 'grapheme' }).filter((value) => !/[\0\ufeff]/.test(value))

const little = (value: string): Buffer => Buffer.from(value, 'utf16le')
const big = (value: string): Buffer => little(value).swap16()

describe('decodeText', () => {
  it('reads UTF-8 with and without a mark, and UTF-16 with one', () => {
    fc.assert(
      fc.property(text, (value) => {
        const forms = [
          Buffer.from(value),
          Buffer.from(`\ufeff${value}`),
          little(`\ufeff${value}`),
          big(`\ufeff${value}`),
        ]
        expect(forms.map(decodeText)).toEqual(forms.map(() => value))
      }),
    )
  })

  it.each<readonly [string, Buffer]>([
    ['UTF-16 without a mark', little('{"prompt":"hi"}')],
    ['UTF-16 without a mark, the high byte first', big('{"prompt":"hi"}')],
    ['Latin-1', Buffer.from('caf\u00e9', 'latin1')],
    ['half a character in UTF-16', Buffer.concat([little('\ufeffhi'), Buffer.from([0x3d])])],
    ['a lone surrogate in UTF-16', little('\ufeff\ud83d')],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00])],
  ])('refuses %s', (_, bytes) => expect(decodeText(bytes)).toBeUndefined())

  it.each([[[]], [[0x61]]])('reads %j, too short for a mark', (bytes) => {
    expect(decodeText(Buffer.from(bytes))).toBe(String.fromCharCode(...bytes))
  })
})

describe('readText', () => {
  it('names a file that is no text', () =>
    inFolder(async (folder) => {
      const path = join(folder, '.env')
      await writeFile(path, Buffer.from('A=caf\u00e9', 'latin1'))
      await expect(readText(path)).rejects.toThrow(
        `${path} is neither UTF-8 nor UTF-16 with a byte order mark: save it as UTF-8`,
      )
    }))
})
