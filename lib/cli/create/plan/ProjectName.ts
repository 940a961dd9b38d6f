/** The names of a project, from the name of its folder. */
import { nameFrom } from '../../entry/EntryFile'

/** The names of a project. */
export interface ProjectName {
  /** Of its package: what npm takes. */
  readonly packageName: string
  /** Of its agent: what AgentCore takes. */
  readonly agentName: string
}

/** How long the name of a package may be. */
const longest = 214

/** The names for a folder. What a name may not hold becomes a hyphen or an underscore. */
export const toProjectName = (folder: string): ProjectName => {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '')
    .slice(0, longest)
  const packageName = name === '' || name === 'node_modules' || name === 'favicon.ico' ? 'my-agent' : name
  return { packageName, agentName: nameFrom(packageName) }
}
