/** The contestants: two programs without agentcore-fp, and one agent on it in the lanes that users run. */

/** The programs in this folder, with their arguments. */
const programs = {
  raw: ['raw.js'],
  koa: ['koa.js'],
  plain: ['agent.js', 'plain'],
  mw: ['agent.js', 'mw'],
  provide: ['agent.js', 'provide'],
  log: ['agent.js', 'log'],
  all: ['agent.js', 'all'],
} as const

export type Contestant = keyof typeof programs

/** All of them. The first is what the others are measured by. */
export const contestants: ReadonlyArray<Contestant> = ['raw', 'koa', 'plain', 'mw', 'provide', 'log', 'all']

export const isContestant = (name: string): name is Contestant => Object.hasOwn(programs, name)

/** The file of a contestant's program. */
export const fileOf = (name: Contestant): string => `${__dirname}/${programs[name][0]}`

/** The arguments of Node that start a contestant. */
export const argumentsOf = (name: Contestant): ReadonlyArray<string> => {
  const [, ...args] = programs[name]
  return [fileOf(name), ...args]
}
