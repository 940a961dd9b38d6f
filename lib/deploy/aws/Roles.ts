/** Roles in IAM. Only a role with our tag is ever changed or removed. */
import { isDeepStrictEqual } from 'node:util'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DeployError } from '../failure/DeployError'
import { lift, orElseNamed } from '../failure/ServiceFailure'
import type { Policy } from '../resources/Policy'
import type { RoleState } from '../resources/Provenance'
import { ownerTag } from '../resources/ResourceNames'
import type { AwsClients } from './AwsClients'

/** An inline policy of a role. */
export interface RolePolicy {
  readonly role: string
  readonly name: string
  readonly policy: Policy
}

/** What is done with roles. */
export interface Roles {
  readonly find: (wanted: RolePolicy) => TE.TaskEither<DeployError, RoleState>
  readonly create: (role: string, agent: string, trust: Policy, description: string) => TE.TaskEither<DeployError, void>
  /** Makes the role of a service, such as `network.bedrock-agentcore.amazonaws.com`; one that is there is no failure. */
  readonly createForService: (service: string) => TE.TaskEither<DeployError, void>
  readonly writePolicy: (wanted: RolePolicy) => TE.TaskEither<DeployError, void>
  /** Removes a role with all of its policies, through every page. */
  readonly remove: (role: string) => TE.TaskEither<DeployError, void>
}

/** Roles of an account. */
export const roles = ({ iam, modules: { iam: Iam } }: AwsClients): Roles => {
  const hasPolicy = ({ role, name, policy }: RolePolicy): TE.TaskEither<DeployError, boolean> =>
    pipe(
      lift('iam:GetRolePolicy')(() => iam.send(new Iam.GetRolePolicyCommand({ RoleName: role, PolicyName: name }))),
      TE.map(({ PolicyDocument = '' }) => says(PolicyDocument, policy)),
      orElseNamed(['NoSuchEntityException', 'NoSuchEntity'], () => TE.right(false)),
    )

  const find = (wanted: RolePolicy): TE.TaskEither<DeployError, RoleState> =>
    pipe(
      lift('iam:GetRole')(() => iam.send(new Iam.GetRoleCommand({ RoleName: wanted.role }))),
      TE.chain(({ Role }): TE.TaskEither<DeployError, RoleState> => {
        const isOurs = (Role?.Tags ?? []).some(({ Key, Value }) => Key === ownerTag.key && Value === ownerTag.value)
        if (!isOurs) return TE.right({ _tag: 'Others' })
        return pipe(
          hasPolicy(wanted),
          TE.map((has): RoleState => ({ _tag: 'Ours', hasPolicy: has })),
        )
      }),
      orElseNamed(['NoSuchEntityException', 'NoSuchEntity'], () =>
        TE.right<DeployError, RoleState>({ _tag: 'Missing' }),
      ),
    )

  const create = (role: string, agent: string, trust: Policy, description: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('iam:CreateRole')(() =>
        iam.send(
          new Iam.CreateRoleCommand({
            RoleName: role,
            AssumeRolePolicyDocument: JSON.stringify(trust),
            Description: description,
            Tags: [
              { Key: ownerTag.key, Value: ownerTag.value },
              { Key: 'Agent', Value: agent },
            ],
          }),
        ),
      ),
      TE.map(() => undefined),
      orElseNamed(['EntityAlreadyExistsException', 'EntityAlreadyExists'], () => TE.right(undefined)),
    )

  const createForService = (service: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('iam:CreateServiceLinkedRole')(() =>
        iam.send(new Iam.CreateServiceLinkedRoleCommand({ AWSServiceName: service })),
      ),
      TE.map((): void => undefined),
      TE.orElse((error) =>
        error._tag === 'ServiceFailed' && error.reason.includes('has been taken')
          ? TE.right(undefined)
          : TE.left(error),
      ),
    )

  const writePolicy = ({ role, name, policy }: RolePolicy): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('iam:PutRolePolicy')(() =>
        iam.send(
          new Iam.PutRolePolicyCommand({ RoleName: role, PolicyName: name, PolicyDocument: JSON.stringify(policy) }),
        ),
      ),
      TE.map(() => undefined),
    )

  const remove = (role: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('iam:DeleteRole')(async () => {
        const at = { RoleName: role }
        for await (const { AttachedPolicies = [] } of Iam.paginateListAttachedRolePolicies({ client: iam }, at)) {
          for (const { PolicyArn } of AttachedPolicies)
            await iam.send(new Iam.DetachRolePolicyCommand({ ...at, PolicyArn }))
        }
        for await (const { PolicyNames = [] } of Iam.paginateListRolePolicies({ client: iam }, at)) {
          for (const PolicyName of PolicyNames) await iam.send(new Iam.DeleteRolePolicyCommand({ ...at, PolicyName }))
        }
        await iam.send(new Iam.DeleteRoleCommand(at))
      }),
      orElseNamed(['NoSuchEntityException', 'NoSuchEntity'], () => TE.right(undefined)),
    )

  return { find, create, createForService, writePolicy, remove }
}

/** Whether a document of IAM, which gives it URL-encoded, says the same as a policy. */
const says = (document: string, policy: Policy): boolean => {
  try {
    return isDeepStrictEqual(JSON.parse(decodeURIComponent(document)), JSON.parse(JSON.stringify(policy)))
  } catch {
    return false // no document that we wrote
  }
}
