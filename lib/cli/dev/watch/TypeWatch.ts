/** Type-checks beside the server that runs: errors are told, and stop nothing. A newer check ends the one before. */
import * as E from 'fp-ts/Either'
import { type BuildError, explain } from '../../bundler/BuildError'
import { typeCheck } from '../../bundler/TypeCheck'
import type { Style } from '../../program/Style'
import type { DevPlan } from '../state/DevPlan'

/** Checks when it is told to. */
export interface TypeWatch {
  readonly check: () => void
  /** Leaves the processor to what is more urgent. */
  readonly breakOff: () => void
  readonly end: () => Promise<void>
}

const shown =
  (error: BuildError) =>
  ({ yellow, dim }: Style): string =>
    [
      yellow(error._tag === 'TypeErrors' ? 'Type errors; the agent runs anyway' : 'The types could not be checked'),
      ...explain(error).details,
      dim('agentcore deploy rejects them'),
    ].join('\n')

/** No check runs yet. */
export const createTypeWatch = (plan: DevPlan, say: (text: (style: Style) => string) => void): TypeWatch => {
  let running: { readonly control: AbortController; readonly done: Promise<void> } | undefined
  let hadErrors = false
  let hasNotedMissing = false

  const run = async ({ signal }: AbortController): Promise<void> => {
    const checked = await typeCheck({ project: plan.folder, file: plan.file, cache: plan.state, signal })()
    if (signal.aborted) return
    if (E.isLeft(checked)) {
      hadErrors = true
      return say(shown(checked.left))
    }
    if (hadErrors) say(({ green }) => green('Types check again'))
    hadErrors = false
    if (checked.right._tag === 'NoCompiler' && !hasNotedMissing) {
      hasNotedMissing = true
      say(({ dim }) => dim('Types not checked: TypeScript is not installed (npm install --save-dev typescript)'))
    }
  }

  return {
    check: () => {
      running?.control.abort()
      const control = new AbortController()
      running = { control, done: run(control) }
    },
    breakOff: () => running?.control.abort(),
    end: async () => {
      running?.control.abort()
      await running?.done
    },
  }
}
