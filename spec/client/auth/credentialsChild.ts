/** Asks the chain for keys, as many times as it is told, and prints what came and how long it took. */
import * as E from 'fp-ts/Either'
import { explain } from '../../../lib/client/error/ClientError'
import { fromChain } from '../../../lib/client/auth/Credentials'

const [, , times = '1', options = '{}'] = process.argv

const main = async (): Promise<void> => {
  const chain = fromChain({ variables: process.env, ...(JSON.parse(options) as object) })
  const loaded = Object.keys(require.cache).filter((path) => path.includes('@aws-sdk'))
  const began = performance.now()
  let found = await chain()
  for (let i = 1; i < Number(times); i += 1) found = await chain()
  const took = performance.now() - began
  const said = E.isLeft(found) ? explain(found.left) : ''
  process.stdout.write(JSON.stringify({ found, said, took, loaded }))
}

void main()
