import { chownSync, chmodSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/Either'
import { placeIn } from '../../../lib/cli/bundler/Artifact'
import type { Bundle } from '../../../lib/cli/bundler/Bundle'
import { inProject } from '../support'

const bundle: Pick<Bundle, 'files'> = { files: [{ name: 'main.js', contents: Buffer.from('0') }] }

const other = 65_534

/** Only root can become another user. */
const asRoot = process.getuid?.() === 0 ? it : it.skip

describe('a program on disk', () => {
  it('is as large as what node reads, without its source map', () =>
    inProject({}, async ({ folder }) => {
      const files = [...bundle.files, { name: 'main.js.map', contents: Buffer.from('larger than the program') }]
      expect(await placeIn(join(folder, 'builds'))({ files })()).toMatchObject({ right: { bytes: 1 } })
    }))

  asRoot('is used as it is where its times are not ours to set', async () => {
    await inProject({}, async ({ folder }) => {
      const parent = join(folder, 'builds')
      mkdirSync(parent, { mode: 0o700 })
      const first = await placeIn(parent)(bundle)()
      if (E.isLeft(first)) throw new Error('not placed')
      chmodSync(folder, 0o755)
      chmodSync(first.right.folder, 0o755)
      chmodSync(first.right.main, 0o644)
      chownSync(dirname(first.right.folder), other, other)
      process.seteuid?.(other)
      try {
        expect(await placeIn(parent)(bundle)()).toEqual(first)
      } finally {
        process.seteuid?.(0)
      }
    })
  })
})
