/** A process that adds agents to a file, one at a time: `adder.js FOLDER PREFIX COUNT`. */
import * as E from 'fp-ts/Either'
import { update } from '../../lib/config/File'

const [folder = '', prefix = '', count = '0'] = process.argv.slice(2)

const run = async (): Promise<void> => {
  for (let i = 0; i < Number(count); i += 1) {
    const name = `${prefix}${i}`
    const change = { path: ['agents', name], value: { name, entrypoint: 'a.ts' } }
    const result = await update(folder, (error) => error)(() => E.right({ changes: [change], value: undefined }))()
    if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  }
}

void run()
