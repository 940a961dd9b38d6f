/** Runs `agentcore dev`. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { errorMessage } from '../../node/SystemError'
import { agentFolder } from '../agent/AgentFolder'
import { guardPolicy } from '../agent/AllowedFlags'
import { failed } from '../program/CliError'
import type { Run } from '../program/Command'
import { develop } from './Dev'
import type { InspectorAddress } from './state/InspectorAddress'

/** The values of its flags. */
export interface DevValues {
  readonly agent: string | undefined
  readonly entrypoint: string | undefined
  readonly port: number | undefined
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
  readonly inspect: InspectorAddress | undefined
  readonly external: ReadonlyArray<string>
  readonly allowOrigin: ReadonlyArray<string>
  readonly allowHost: ReadonlyArray<string>
}

/** Develops until Ctrl-C. */
export const run: Run<DevValues> =
  ({ agent: name, entrypoint, port = 8080, env, inspect, external, allowOrigin, allowHost }) =>
  (cli) =>
    pipe(
      agentFolder(cli, { agent: name, entrypoint }),
      TE.chain(({ agent, ...paths }) =>
        TE.tryCatch(
          () =>
            develop(cli, {
              ...paths,
              agent: agent.name,
              port,
              env,
              inspect,
              external,
              guard: guardPolicy({ allowOrigin, allowHost }),
            }),
          (cause) => failed('DEV_FAILED', errorMessage(cause), 'choose another --port or --inspect', { cause }),
        ),
      ),
      TE.map(() => ({ json: { ended: true }, text: () => '' })),
    )
