/** Code in S3. Every request names the account that the bucket must belong to: names of buckets are everyone's. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type DeployError, foreignBucket, interrupted } from '../failure/DeployError'
import { lift, orElseNamed } from '../failure/ServiceFailure'
import { type CodeLocation, ownerTag, type Place } from '../resources/ResourceNames'
import type { AwsClients } from './AwsClients'

/** What is done with buckets. */
export interface Buckets {
  /** Whether the bucket exists. Left: `ForeignBucket`. */
  readonly exists: (bucket: string) => TE.TaskEither<DeployError, boolean>
  /** Makes a bucket with our tag; one of ours that is there already is no failure. */
  readonly create: (bucket: string) => TE.TaskEither<DeployError, void>
  readonly isOurs: (bucket: string) => TE.TaskEither<DeployError, boolean>
  readonly remove: (bucket: string) => TE.TaskEither<DeployError, void>
  readonly hasObject: (code: CodeLocation) => TE.TaskEither<DeployError, boolean>
  readonly upload: (code: CodeLocation, zip: Uint8Array, options: UploadOptions) => TE.TaskEither<DeployError, void>
  /** The keys below a prefix, through every page. */
  readonly keys: (bucket: string, prefix: string) => TE.TaskEither<DeployError, ReadonlyArray<string>>
  readonly removeObjects: (bucket: string, keys: ReadonlyArray<string>) => TE.TaskEither<DeployError, void>
}

/** How an upload goes. */
export interface UploadOptions {
  readonly signal: AbortSignal
  readonly onProgress: (sent: number) => void
}

/** As many objects as one request removes. */
const mostAtOnce = 1000

/** Buckets of an account. */
export const buckets = ({ s3, modules: { s3: S3, storage } }: AwsClients, { account, region }: Place): Buckets => {
  const owner = { ExpectedBucketOwner: account }

  const exists = (bucket: string): TE.TaskEither<DeployError, boolean> =>
    pipe(
      lift('s3:ListBucket')(() => s3.send(new S3.HeadBucketCommand({ Bucket: bucket, ...owner }))),
      TE.map(() => true),
      orElseNamed(['NotFound', 'NoSuchBucket'], () => TE.right(false)),
      orElseNamed(['Forbidden'], () => TE.left(foreignBucket(bucket))),
    )

  const tag = (bucket: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('s3:PutBucketTagging')(() =>
        s3.send(
          new S3.PutBucketTaggingCommand({
            Bucket: bucket,
            ...owner,
            Tagging: { TagSet: [{ Key: ownerTag.key, Value: ownerTag.value }] },
          }),
        ),
      ),
      TE.map(() => undefined),
    )

  const create = (bucket: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('s3:CreateBucket')(() => s3.send(new S3.CreateBucketCommand({ Bucket: bucket, ...placement(region) }))),
      TE.chain(() => tag(bucket)),
      orElseNamed(['BucketAlreadyOwnedByYou'], () => TE.right(undefined)),
      orElseNamed(['BucketAlreadyExists'], () => TE.left(foreignBucket(bucket))),
    )

  const isOurs = (bucket: string): TE.TaskEither<DeployError, boolean> =>
    pipe(
      lift('s3:GetBucketTagging')(() => s3.send(new S3.GetBucketTaggingCommand({ Bucket: bucket, ...owner }))),
      TE.map(({ TagSet = [] }) => TagSet.some(({ Key, Value }) => Key === ownerTag.key && Value === ownerTag.value)),
      orElseNamed(['NoSuchTagSet', 'NoSuchBucket', 'NotFound'], () => TE.right(false)),
    )

  const remove = (bucket: string): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('s3:DeleteBucket')(() => s3.send(new S3.DeleteBucketCommand({ Bucket: bucket, ...owner }))),
      TE.map(() => undefined),
      orElseNamed(['NoSuchBucket', 'NotFound'], () => TE.right(undefined)),
    )

  const hasObject = ({ bucket, key }: CodeLocation): TE.TaskEither<DeployError, boolean> =>
    pipe(
      lift('s3:GetObject')(() => s3.send(new S3.HeadObjectCommand({ Bucket: bucket, Key: key, ...owner }))),
      TE.map(() => true),
      orElseNamed(['NotFound', 'NoSuchKey', 'NoSuchBucket'], () => TE.right(false)),
    )

  const upload = (
    { bucket, key }: CodeLocation,
    zip: Uint8Array,
    { signal, onProgress }: UploadOptions,
  ): TE.TaskEither<DeployError, void> =>
    pipe(
      lift('s3:PutObject')(async () => {
        // Parts of a large archive that did not arrive are sent again, and none of an aborted one stays.
        const task = new storage.Upload({
          client: s3,
          params: {
            Bucket: bucket,
            Key: key,
            Body: zip,
            ContentType: 'application/zip',
            ChecksumAlgorithm: 'SHA256',
            ...owner,
          },
          partSize: 8 * 1024 * 1024,
        })
        task.on('httpUploadProgress', ({ loaded = 0 }) => onProgress(loaded))
        const abort = (): void => void task.abort()
        signal.addEventListener('abort', abort, { once: true })
        try {
          await task.done()
        } finally {
          signal.removeEventListener('abort', abort)
        }
      }),
      TE.mapLeft((error) => (signal.aborted ? interrupted : error)),
    )

  const keys = (bucket: string, prefix: string): TE.TaskEither<DeployError, ReadonlyArray<string>> =>
    pipe(
      lift('s3:ListBucket')(async () => {
        const found: Array<string> = []
        const pages = S3.paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix, ...owner })
        for await (const { Contents = [] } of pages) found.push(...Contents.flatMap(({ Key }) => Key ?? []))
        return found
      }),
      orElseNamed(['NoSuchBucket', 'NotFound'], () => TE.right([])),
    )

  const removeObjects = (bucket: string, all: ReadonlyArray<string>): TE.TaskEither<DeployError, void> =>
    lift('s3:DeleteObject')(async () => {
      for (let at = 0; at < all.length; at += mostAtOnce) {
        const Objects = all.slice(at, at + mostAtOnce).map((Key) => ({ Key }))
        const request = { Bucket: bucket, Delete: { Objects, Quiet: true }, ...owner }
        const { Errors = [] } = await s3.send(new S3.DeleteObjectsCommand(request))
        if (Errors[0] !== undefined) throw new Error(`${Errors[0].Key ?? ''}: ${Errors[0].Message ?? ''}`)
      }
    })

  return { exists, create, isOurs, remove, hasObject, upload, keys, removeObjects }
}

/** The oldest region is named by leaving it out. */
const placement = (region: string): { readonly CreateBucketConfiguration?: { LocationConstraint: never } } =>
  region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as never } } // newer regions than the SDK's list
