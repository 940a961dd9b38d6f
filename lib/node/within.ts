/** A race against a timer. */

/** The outcome of a promise, or what `late` makes of it once the time, in milliseconds, is over. */
export const within = async <A>(ms: number, work: Promise<A>, late: () => A): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<A>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms)
  })
  return Promise.race([work, end]).finally(() => clearTimeout(timer))
}
