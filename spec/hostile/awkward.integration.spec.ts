/** A large sample of awkward values at all hooks in all manners, the same in each run. */
import { tryAwkward } from './awkwardRun'

it('awkward values at every hook are answered, with nothing left in flight and the process alive', async () => {
  const { count, failures } = await tryAwkward(7)
  expect(failures).toEqual([])
  expect(count).toBeGreaterThan(7000)
}, 300_000)
