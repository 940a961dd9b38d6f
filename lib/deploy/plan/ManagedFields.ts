/**
 * Fields of a runtime that deployments of this project have set. They are recorded, so that a field which is dropped from
 * the configuration is removed from the runtime, while a field that somebody else has set stays.
 */
import type { GetAgentRuntimeResponse } from '@aws-sdk/client-bedrock-agentcore-control'

/** What of a configuration becomes fields that can be dropped. */
export interface Droppable {
  readonly lifecycle: object | undefined
  readonly authorizer: object | undefined
  readonly headerAllowlist: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
}

/** Variables that come from the configuration; all others come from `--env` and `--env-from`. */
const configured = ['HOST', 'BEDROCK_AGENTCORE_MEMORY_ID', 'BEDROCK_AGENTCORE_MEMORY_NAME']

const variable = (name: string): string => `environmentVariables.${name}`

/** The paths of the fields that a configuration sets: `authorizerConfiguration`, `environmentVariables.MODEL`. */
export const toFields = ({ lifecycle, authorizer, headerAllowlist, environment }: Droppable): ReadonlyArray<string> => [
  ...(authorizer === undefined ? [] : ['authorizerConfiguration']),
  ...(headerAllowlist.length === 0 ? [] : ['requestHeaderConfiguration']),
  ...Object.keys(lifecycle ?? {}).map((name) => `lifecycleConfiguration.${name}`),
  ...Object.keys(environment).map(variable),
]

/** The recorded fields by what becomes of them: those that go, and those that stay recorded. */
export interface RecordedFields {
  readonly dropped: ReadonlyArray<string>
  readonly managed: ReadonlyArray<string>
}

/** What a command line says of variables. */
export interface VariableFlags {
  /** Whether it gives any: then they are all that there shall be. Without, the ones of earlier deployments stay. */
  readonly hasVariables: boolean
  /** Variables to remove, whoever has set them. */
  readonly unset: ReadonlyArray<string>
}

/** Compares the record of earlier deployments with what is configured now. */
export const toRecorded = (
  recorded: ReadonlyArray<string>,
  now: Droppable,
  { hasVariables, unset }: VariableFlags,
): RecordedFields => {
  const fields = toFields(now)
  const gone = recorded.filter((field) => !fields.includes(field))
  const stays = (field: string): boolean =>
    field.startsWith(variable('')) && !hasVariables && !configured.map(variable).includes(field)
  const removed = unset.map(variable)
  const dropped = [...gone.filter((field) => !stays(field)), ...removed].filter((field) => !fields.includes(field))
  const managed = [...fields, ...gone.filter((field) => !dropped.includes(field))]
  return { dropped: [...new Set(dropped)], managed: [...new Set(managed)].sort() }
}

/** The paths of the fields that a runtime has. */
export const fieldsOf = (runtime: GetAgentRuntimeResponse): ReadonlyArray<string> => [
  ...(['authorizerConfiguration', 'requestHeaderConfiguration'] as const).filter(
    (name) => runtime[name] !== undefined && runtime[name] !== null,
  ),
  ...Object.keys(runtime.lifecycleConfiguration ?? {}).map((name) => `lifecycleConfiguration.${name}`),
  ...Object.keys(runtime.environmentVariables ?? {}).map(variable),
]

/** A runtime without some fields. */
export const withoutFields = (
  runtime: GetAgentRuntimeResponse,
  dropped: ReadonlyArray<string>,
): GetAgentRuntimeResponse => {
  const { authorizerConfiguration, requestHeaderConfiguration, ...rest } = runtime
  return {
    ...rest,
    ...(dropped.includes('authorizerConfiguration') ? {} : { authorizerConfiguration }),
    ...(dropped.includes('requestHeaderConfiguration') ? {} : { requestHeaderConfiguration }),
    environmentVariables: without(dropped, 'environmentVariables', runtime.environmentVariables),
    lifecycleConfiguration: without(
      dropped,
      'lifecycleConfiguration',
      runtime.lifecycleConfiguration === undefined ? undefined : { ...runtime.lifecycleConfiguration },
    ),
  }
}

const without = <A>(
  dropped: ReadonlyArray<string>,
  group: string,
  fields: Readonly<Record<string, A>> | undefined,
): Record<string, A> | undefined =>
  fields === undefined
    ? undefined
    : Object.fromEntries(Object.entries(fields).filter(([name]) => !dropped.includes(`${group}.${name}`)))
