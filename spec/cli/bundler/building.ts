/** What the specs of the bundler share: a build, and what the built program answers. */
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { build, type Built, toBuilds } from '../../../lib/cli/bundler/bundleAgent'
import { type BuildError, explain } from '../../../lib/cli/bundler/BuildError'
import { typeCheck } from '../../../lib/cli/bundler/TypeCheck'
import { type Project } from '../support'

/** The folder of the agent's state. */
export const stateOf = ({ folder }: Project): string => join(folder, '.bedrock_agentcore', 'agent')

export const made = async (project: Project, entry: string): Promise<E.Either<BuildError, Built>> =>
  build(project.folder, join(project.folder, entry), toBuilds(stateOf(project)), { _tag: 'Absolute' })()

export const right = <A>(either: E.Either<BuildError, A>): A => {
  if (E.isLeft(either)) throw new Error([explain(either.left).message, ...explain(either.left).details].join('\n'))
  return either.right
}

export const left = <A>(either: E.Either<BuildError, A>): BuildError => {
  if (E.isRight(either)) throw new Error('it was built')
  return either.left
}

/** The compiler is slow where the machine is busy. */
export const patience = 90_000

export const check = (project: Project, entry: string) =>
  typeCheck({ project: project.folder, file: join(project.folder, entry), cache: join(project.folder, '.cache') })()
