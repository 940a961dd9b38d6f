/** Whose a resource is. What the user gives, or what others made, is used as it is, and never modified or removed. */

/** Something that a deployment makes itself, or that the user gives: the latter is used as it is, and never removed. */
export type Provenance = 'ours' | 'yours'

/** A role that a service takes on. */
export interface RoleSetting {
  readonly from: Provenance
  readonly name: string
  readonly arn: string
}

/** A role as it is. A role of that name without our tag is used as it is. */
export type RoleState =
  { readonly _tag: 'Missing' } | { readonly _tag: 'Ours'; readonly hasPolicy: boolean } | { readonly _tag: 'Others' }

/** A resource as it is: `Others` has the name, but was not made for this agent by this tool. */
export type ResourceState = 'Missing' | 'Ours' | 'Others'
