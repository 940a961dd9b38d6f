/** All awkward values at all hooks in all manners: minutes. */
import { tryAwkward } from './awkwardRun'

it('every awkward value at every hook is answered, with nothing left in flight and the process alive', async () => {
  const { count, failures } = await tryAwkward('all')
  expect(failures).toEqual([])
  expect(count).toBeGreaterThan(40_000)
}, 900_000)
