/** Runs a plan: the one interpreter of its steps. What a step makes is written down before the next one begins. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { RuntimeVersion } from './aws/Runtimes'
import { type Look, retryRole, until, type WaitOptions } from './aws/Waiting'
import type { Fact } from './DeployState'
import { type DeployError, interrupted, runtimeFailed } from './failure/DeployError'
import { type ImageEngine, runImageStep } from './build/runImageStep'
import { type Account, imagePolicyOf, rolePolicyOf } from './findExisting'
import { type ImageStep, isImageStep } from './image/ImagePlan'
import { pinned } from './image/ImageSettings'
import type { DeployPlan, Step } from './plan/DeployPlan'
import { trustPolicy } from './resources/ExecutionRole'
import { logGroup, networkRole } from './resources/ResourceNames'
import { runEndpointStep } from './runEndpointStep'
import { toSecured, withImage } from './plan/RuntimeRequest'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a plan is run with. */
export interface DeployWith {
  readonly account: Account
  readonly zip: Uint8Array
  /** What builds and pushes an image on this machine; undefined where none is to. */
  readonly engine?: ImageEngine | undefined
  readonly wait: WaitOptions
  /** Remembers what was made. */
  readonly save: (fact: Fact) => TE.TaskEither<DeployError, void>
  readonly onStep: (news: StepNews) => void
}

/** What is told while a plan runs. */
export type StepNews =
  | { readonly _tag: 'Begun'; readonly step: Step }
  | { readonly _tag: 'Progress'; readonly step: Step; readonly text: string }
  /** A part of a step that is over, such as a phase of a build. */
  | { readonly _tag: 'Passed'; readonly step: Step; readonly text: string }
  | { readonly _tag: 'Done'; readonly step: Step }

/** What of a plan is run. */
export type Runnable = Pick<DeployPlan, 'settings' | 'steps'>

/** A deployment that came to its end. */
export interface Deployed {
  readonly id: string
  readonly arn: string
  /** The newest version of the runtime. */
  readonly version: string
  /** The image that was built, tagged or pushed. */
  readonly image: string | undefined
  readonly done: ReadonlyArray<Step>
}

/** A deployment that stopped: what was done stays, and the next run goes on from there. */
export interface Stopped {
  readonly error: DeployError
  readonly done: ReadonlyArray<Step>
  readonly at: Step | undefined
  readonly pending: ReadonlyArray<Step>
}

// ---------------------------------------------------------------------------------------------------------------------
// the interpreter
// ---------------------------------------------------------------------------------------------------------------------

/** Runs a plan. `current` is the runtime that the plan found. Left: where it stopped. */
export const deployAgent =
  (given: DeployWith) =>
  (plan: Runnable, current: RuntimeVersion | undefined): TE.TaskEither<Stopped, Deployed> =>
  async () => {
    const done: Array<Step> = []
    let state: Made = { runtime: current, image: undefined }
    const stop = (error: DeployError, at: Step | undefined): E.Either<Stopped, never> =>
      E.left({ error, done, at, pending: plan.steps.slice(done.length) })

    const placed = await given.save({ _tag: 'Place' })()
    if (E.isLeft(placed)) return stop(placed.left, undefined)
    if (plan.settings.role.from === 'yours') {
      const saved = await given.save({ _tag: 'Role' })()
      if (E.isLeft(saved)) return stop(saved.left, undefined)
    }
    for (const step of plan.steps) {
      // Between steps only: a request that is under way comes to its end, so that what it makes is written down.
      if (given.wait.signal.aborted) return stop(interrupted, step)
      given.onStep({ _tag: 'Begun', step })
      const result = await runAnyStep(given, plan, state)(step)()
      if (E.isLeft(result)) return stop(result.left, step)
      state = { ...state, ...result.right }
      done.push(step)
      given.onStep({ _tag: 'Done', step })
    }
    const recorded = await given.save({ _tag: 'Fields' })()
    if (E.isLeft(recorded)) return stop(recorded.left, undefined)
    const { id = '', arn = '', version = '' } = state.runtime ?? {}
    return E.right({ id, arn, version, image: state.image, done })
  }

/** What the steps so far have made that later ones need. */
interface Made {
  readonly runtime: RuntimeVersion | undefined
  /** The URI of the image, by its content. */
  readonly image: string | undefined
}

/** Runs one step; right: what it has made. */
const runAnyStep =
  (given: DeployWith, plan: Runnable, made: Made) =>
  (step: Step): TE.TaskEither<DeployError, Partial<Made>> => {
    if (!isImageStep(step)) {
      return pipe(
        runStep(given, plan, made)(step),
        TE.map((runtime) => (runtime === undefined ? {} : { runtime })),
      )
    }
    const { settings } = plan
    const { image } = settings
    if (image?._tag !== 'Built') return TE.right({}) // no plan has such a step then
    return pipe(
      step,
      runImageStep({
        services: given.account.images,
        roles: given.account.roles,
        place: settings.place,
        setting: image,
        policy: imagePolicyOf(settings, image),
        engine: given.engine,
        wait: given.wait,
        news: {
          onStatus: (text) => given.onStep({ _tag: 'Progress', step, text }),
          onPassed: (text) => given.onStep({ _tag: 'Passed', step, text }),
        },
        save: (_tag) => given.save({ _tag }),
      }),
      TE.map((digest) => (digest === undefined ? {} : { image: pinned(image.repository, digest) })),
    )
  }

/** Runs a step of the runtime; right: the runtime, where the step has made, changed or looked at it. */
const runStep =
  (given: DeployWith, { settings }: Runnable, { runtime, image }: Made) =>
  (step: Exclude<Step, ImageStep>): TE.TaskEither<DeployError, RuntimeVersion | undefined> => {
    const { account, save, wait } = given
    const progress = (text: string): void => given.onStep({ _tag: 'Progress', step, text })
    const unchanged = TE.map((): RuntimeVersion | undefined => undefined)
    const id = runtime?.id ?? ''
    const remembered = TE.chainFirst((made: RuntimeVersion) =>
      pipe(
        save({ _tag: 'Runtime', ...made }),
        TE.chain(() => save({ _tag: 'Fields' })),
      ),
    )
    switch (step._tag) {
      case 'CreateRole':
        return pipe(
          account.roles.create(
            step.role,
            settings.agent,
            trustPolicy(settings.place),
            `Execution role of the agent ${settings.agent} on Amazon Bedrock AgentCore`,
          ),
          TE.chain(() => save({ _tag: 'Role' })),
          unchanged,
        )
      case 'WriteRolePolicy':
        return pipe(account.roles.writePolicy(rolePolicyOf(settings)), unchanged)
      case 'CreateNetworkRole':
        return pipe(
          account.roles.createForService(networkRole.service),
          // IAM tells its regions of a new role one after the other, and the service only says that it cannot use it.
          TE.chainTaskK(() => () => {
            progress('waiting for IAM to make the role known')
            return wait.pause(networkRoleWait, wait.signal)
          }),
          unchanged,
        )
      case 'CreateBucket':
        return pipe(
          account.buckets.create(step.bucket),
          TE.chain(() => save({ _tag: 'Bucket' })),
          unchanged,
        )
      case 'UploadCode':
        return pipe(
          account.buckets.upload(step.code, given.zip, {
            signal: wait.signal,
            onProgress: (sent) => progress(`${Math.min(100, Math.floor((sent / Math.max(1, step.bytes)) * 100))} %`),
          }),
          TE.chain(() => save({ _tag: 'Bucket' })),
          unchanged,
        )
      case 'CreateRuntime':
        return pipe(
          account.runtimes.create(withImage(image)(step.runtime)),
          retryRole(wait, () => progress('waiting for IAM to make the role known')),
          remembered,
        )
      case 'UpdateRuntime':
      case 'RestoreVersion':
        return pipe(
          account.runtimes.update(withImage(image)(step.runtime)),
          retryRole(wait, () => progress('waiting for IAM to make the role known')),
          remembered,
        )
      case 'RecordRuntime':
        return pipe(save({ _tag: 'Runtime', id: step.id, arn: step.arn }), unchanged)
      case 'AwaitRuntime':
        return pipe(lookAtRuntime(account, id), until(wait, 'The agent runtime', 600, progress))
      case 'SecureMetadata':
        return pipe(
          account.runtimes.find(id),
          TE.chain((now) => (now === undefined ? TE.left(gone(id)) : account.runtimes.update(toSecured(now)))),
          remembered,
        )
      case 'PointEndpoint':
      case 'AwaitEndpoint': {
        const { endpoints } = account
        const given = { endpoints, wait, onStatus: progress, runtime: id, newest: runtime?.version }
        return pipe(step, runEndpointStep(given), unchanged)
      }
    }
  }

/** How long a new service-linked role takes to be known, in milliseconds. */
const networkRoleWait = 10_000

const gone = (id: string): DeployError =>
  runtimeFailed(`The agent runtime ${id}`, 'gone', 'somebody has deleted it meanwhile', logGroup(id))

const lookAtRuntime = ({ runtimes }: Account, id: string): TE.TaskEither<DeployError, Look<RuntimeVersion>> =>
  pipe(
    runtimes.find(id),
    TE.chainEitherK((found) => {
      if (found === undefined) return E.left(gone(id))
      const { status = '', failureReason = '' } = found
      if (status === 'READY') {
        const { agentRuntimeArn: arn = '', agentRuntimeVersion: version = '' } = found
        return E.right({ _tag: 'Ready', value: { id, arn, version } })
      }
      return /FAILED$|^DELETING$/.test(status)
        ? E.left(runtimeFailed(`The agent runtime ${id}`, status, failureReason, logGroup(id)))
        : E.right({ _tag: 'Waiting', status })
    }),
  )
