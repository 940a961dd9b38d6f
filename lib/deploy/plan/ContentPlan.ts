/** What a runtime is to run, and the steps by which it comes to AWS: an archive of code, or an image. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { DeployError } from '../failure/DeployError'
import { type ExistingImage, type ImageSource, type ImageStep, toImagePlan } from '../image/ImagePlan'
import { codeKey, type CodeLocation } from '../resources/ResourceNames'
import type { DeploySettings } from './DeploySettings'
import type { Artifact } from './RuntimeRequest'

/** An archive, before it is uploaded: code, or the source that an image is built of. */
export interface CodeDigest {
  /** The SHA-256 of what is in it, in hexadecimal digits. */
  readonly digest: string
  /** Its size, in bytes. */
  readonly bytes: number
}

/** What exists of it in the account. */
export interface ExistingContent {
  readonly hasBucket: boolean
  readonly hasCode: boolean
  /** Undefined unless an image is built. */
  readonly image: ExistingImage | undefined
}

/** A step towards it. */
export type ContentStep =
  | { readonly _tag: 'CreateBucket'; readonly bucket: string }
  | { readonly _tag: 'UploadCode'; readonly code: CodeLocation; readonly bytes: number }
  | ImageStep

/** The plan. */
export interface ContentPlan {
  readonly artifact: Artifact
  readonly steps: ReadonlyArray<ContentStep>
}

/** The archive of an image that is there already. */
export const noArchive: CodeDigest = { digest: '', bytes: 0 }

/** Where the archive of a deployment is. */
export const toCode = (
  { agent, bucket: { bucket, prefix }, image }: DeploySettings,
  { digest }: CodeDigest,
): CodeLocation => ({
  bucket,
  key: codeKey(agent, prefix, digest, image === undefined ? 'Code' : 'Source'),
})

/** The archive of an image, and where it is. */
export const toImageSource = (settings: DeploySettings, archive: CodeDigest): ImageSource => ({
  location: toCode(settings, archive),
  digest: archive.digest,
})

/** The plan. Left: `ImageTagTaken`. */
export const toContent = (
  settings: DeploySettings,
  archive: CodeDigest,
  existing: ExistingContent,
): E.Either<DeployError, ContentPlan> => {
  const { image } = settings
  if (image === undefined) {
    return E.right({
      artifact: { _tag: 'Code', code: toCode(settings, archive) },
      steps: uploadSteps(settings, archive, existing),
    })
  }
  if (image._tag === 'Given') return E.right({ artifact: { _tag: 'Image', uri: image.uri }, steps: [] })
  return pipe(
    toImagePlan(image, toImageSource(settings, archive), existing.image ?? nothing),
    E.map(({ before, needsSource, after, uri }) => ({
      artifact: { _tag: 'Image', uri },
      steps: [...before, ...(needsSource ? uploadSteps(settings, archive, existing) : []), ...after],
    })),
  )
}

const nothing: ExistingImage = {
  repository: 'Missing',
  built: undefined,
  named: undefined,
  role: { _tag: 'Missing' },
  project: 'Missing',
  logGroup: 'Missing',
  running: undefined,
}

const uploadSteps = (
  settings: DeploySettings,
  archive: CodeDigest,
  { hasBucket, hasCode }: ExistingContent,
): ReadonlyArray<ContentStep> => [
  ...(hasBucket ? [] : [{ _tag: 'CreateBucket' as const, bucket: settings.bucket.bucket }]),
  ...(hasBucket && hasCode
    ? []
    : [{ _tag: 'UploadCode' as const, code: toCode(settings, archive), bytes: archive.bytes }]),
]
