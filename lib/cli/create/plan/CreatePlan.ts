/** What it takes to create a project, as steps: a pure value, which `--dry-run` shows and one interpreter runs. */
import { dockerignore, toDockerfile } from '../../container/Dockerfile'
import { inWordsOf, type PackageManager } from './PackageManager'
import type { ProjectName } from './ProjectName'
import type { Template } from './Template'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A file of a project: its path from the folder, with forward slashes. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
}

/** What to create. */
export interface CreateSettings {
  /** The absolute path of the folder. */
  readonly folder: string
  readonly name: ProjectName
  readonly template: Template
  readonly manager: PackageManager
  /** What the project depends on for agentcore-fp: a range of versions, or a tarball or folder. */
  readonly sdk: string
  readonly installs: boolean
  readonly usesGit: boolean
}

/** A step of a plan. */
export type CreateStep =
  | { readonly _tag: 'WriteFiles'; readonly folder: string; readonly files: ReadonlyArray<ProjectFile> }
  | { readonly _tag: 'Install'; readonly manager: PackageManager }
  | { readonly _tag: 'InitGit' }
  | { readonly _tag: 'Commit' }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The steps for a project. `files` are those of the template. */
export const toCreatePlan = (
  settings: CreateSettings,
  files: ReadonlyArray<ProjectFile>,
): ReadonlyArray<CreateStep> => [
  { _tag: 'WriteFiles', folder: settings.folder, files: toFiles(settings, files) },
  ...(settings.installs ? [{ _tag: 'Install', manager: settings.manager } as const] : []),
  // After the installation, so that the first commit has the lock file.
  ...(settings.usesGit ? [{ _tag: 'InitGit' } as const, { _tag: 'Commit' } as const] : []),
]

const toFiles = (settings: CreateSettings, files: ReadonlyArray<ProjectFile>): ReadonlyArray<ProjectFile> =>
  [...files.map(toFile(settings)), ...containerFiles(settings)].sort((a, b) => (a.path < b.path ? -1 : 1))

const toFile =
  ({ name, manager, sdk }: CreateSettings) =>
  ({ path, text }: ProjectFile): ProjectFile => {
    const own = text.replaceAll('my-agent', name.packageName).replaceAll('my_agent', name.agentName)
    // npm leaves a file called .gitignore out of a package.
    if (path === '_gitignore') return { path: '.gitignore', text }
    if (path === 'package.json') {
      return { path, text: own.replace('"agentcore-fp": "*"', `"agentcore-fp": ${JSON.stringify(sdk)}`) }
    }
    return path.endsWith('.md') ? { path, text: inWordsOf(manager)(own) } : { path, text: own }
  }

const containerFiles = ({ manager, installs }: CreateSettings): ReadonlyArray<ProjectFile> => [
  {
    path: 'Dockerfile',
    text: toDockerfile({
      nodeVersion: '22',
      entry: 'agent.ts',
      // The image of Node has no bun; npm reads the same package.json.
      install: {
        _tag: 'Packages',
        manager: manager === 'bun' ? 'npm' : manager,
        hasLock: installs && manager !== 'bun',
        fromProject: false,
      },
      native: [],
    }),
  },
  { path: '.dockerignore', text: dockerignore },
]

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** A step in words. */
export const stepText = (step: CreateStep): string => {
  switch (step._tag) {
    case 'WriteFiles':
      return `write ${step.files.length} files into ${step.folder}`
    case 'Install':
      return `install the packages with ${step.manager}`
    case 'InitGit':
      return 'make a Git repository'
    case 'Commit':
      return 'make a first commit'
  }
}
