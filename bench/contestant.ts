/** The contestants: one program each, in this folder. */

const files = { raw: 'raw.js', koa: 'koa.js', ours: 'agent.js' } as const

export type Contestant = keyof typeof files

/** All of them. The first is what the others are measured by. */
export const contestants: ReadonlyArray<Contestant> = ['raw', 'koa', 'ours']

export const isContestant = (name: string): name is Contestant => Object.hasOwn(files, name)

/** The file of a contestant's program. */
export const fileOf = (name: Contestant): string => `${__dirname}/${files[name]}`
