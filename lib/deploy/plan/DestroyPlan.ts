/** What `destroy` will remove, in the order in which nothing is left that another part needs. Nothing runs here. */
import { type ImageRemains, type ImageRemoval, imageRemovalText, toImageRemovals } from '../image/ImageRemoval'
import type { DeploySettings } from './DeploySettings'

/** What is there of an agent. */
export interface Remains {
  readonly runtime: string | undefined
  /** The endpoints but `DEFAULT`, which goes with the runtime. */
  readonly endpoints: ReadonlyArray<string>
  readonly keys: ReadonlyArray<string>
  /** Whether the bucket is ours and has nothing in it but those keys. */
  readonly isBucketFree: boolean
  /** Whether the role is ours. */
  readonly hasRole: boolean
  /** Undefined for an agent without images. */
  readonly image: ImageRemains | undefined
}

/** A removal. */
export type Removal =
  | { readonly _tag: 'RemoveEndpoint'; readonly runtime: string; readonly endpoint: string }
  | { readonly _tag: 'RemoveRuntime'; readonly runtime: string }
  | { readonly _tag: 'RemoveCode'; readonly bucket: string; readonly keys: ReadonlyArray<string> }
  | { readonly _tag: 'RemoveBucket'; readonly bucket: string }
  | { readonly _tag: 'RemoveRole'; readonly role: string }
  | ImageRemoval

/** The removals. */
export const toRemovals = (
  { role, bucket: { bucket }, image }: Pick<DeploySettings, 'role' | 'bucket' | 'image'>,
  { runtime, endpoints, keys, isBucketFree, hasRole, image: imageRemains }: Remains,
): ReadonlyArray<Removal> => [
  ...(runtime === undefined
    ? []
    : [
        ...endpoints.map((endpoint): Removal => ({ _tag: 'RemoveEndpoint', runtime, endpoint })),
        { _tag: 'RemoveRuntime' as const, runtime },
      ]),
  ...(image?._tag === 'Built' && imageRemains !== undefined ? toImageRemovals(image, imageRemains) : []),
  ...(keys.length === 0 ? [] : [{ _tag: 'RemoveCode' as const, bucket, keys }]),
  ...(isBucketFree ? [{ _tag: 'RemoveBucket' as const, bucket }] : []),
  ...(hasRole && role.from === 'ours' ? [{ _tag: 'RemoveRole' as const, role: role.name }] : []),
]

/** A removal in words. */
export const removalText = (removal: Removal): string => {
  switch (removal._tag) {
    case 'RemoveEndpoint':
      return `delete the endpoint ${removal.endpoint}`
    case 'RemoveRuntime':
      return `delete the agent runtime ${removal.runtime} with all of its versions`
    case 'RemoveCode':
      return `delete ${removal.keys.length} code ${removal.keys.length === 1 ? 'archive' : 'archives'} in s3://${removal.bucket}`
    case 'RemoveBucket':
      return `delete the bucket ${removal.bucket}, which is empty then`
    case 'RemoveRole':
      return `delete the execution role ${removal.role}`
    case 'RemoveProject':
    case 'RemoveBuildRole':
    case 'RemoveLogGroup':
    case 'RemoveRepository':
      return imageRemovalText(removal)
  }
}
