/** Packages of the AWS SDK, each loaded by the command that needs it: they are optional. */
import * as TE from 'fp-ts/TaskEither'
import { errorCode } from '../../node/SystemError'
import { type DeployError, noSdk, packagingFailed } from '../failure/DeployError'

/** Whether something could not be loaded because it is not installed. */
export const isNotInstalled = (cause: unknown): boolean => /^(ERR_)?MODULE_NOT_FOUND$/.test(errorCode(cause) ?? '')

/** Loads a package by its name. Left: `NoSdk`. */
export const loadModule = <Module>(name: string, load: () => Promise<Module>): TE.TaskEither<DeployError, Module> =>
  TE.tryCatch(withoutVersionWarning(load), (cause) => (isNotInstalled(cause) ? noSdk([name]) : packagingFailed(cause)))

/** On versions of Node that it will drop, the SDK writes a warning of several lines to the output of every command. */
const warningVariable = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

/** Loads a module of the SDK, whose clients do not warn of the version of Node then. A user who sets the variable decides. */
export const withoutVersionWarning =
  <Module>(load: () => Promise<Module>) =>
  (): Promise<Module> => {
    process.env[warningVariable] ??= 'true'
    return load()
  }
