/** The tags of what is made for one agent: they say that it may be changed and removed, and for whom it was made. */
import { ownerTag } from './ResourceNames'

/** A tag, as a name and a value. */
export type Tag = readonly [name: string, value: string]

/** The tags. */
export const ownerTags = (agent: string): ReadonlyArray<Tag> => [
  [ownerTag.key, ownerTag.value],
  ['Agent', agent],
]

/** Whether tags are those of an agent: the names of agents that differ in capitals alone are one name in ECR. */
export const isOurs = (
  tags: ReadonlyArray<readonly [name: string | undefined, value: string | undefined]>,
  agent: string,
): boolean => ownerTags(agent).every(([name, value]) => tags.some((tag) => tag[0] === name && tag[1] === value))
