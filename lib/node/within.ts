/** Races a promise against a timeout. */

/** The result of a promise, or that of `late` after the timeout in milliseconds. */
export const within = async <A>(ms: number, work: Promise<A>, late: () => A): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<A>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms)
  })
  return Promise.race([work, end]).finally(() => clearTimeout(timer))
}
