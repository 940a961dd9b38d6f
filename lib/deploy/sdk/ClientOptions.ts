/** Options of the clients of the AWS SDK. */

/** Where requests go, and whose they are. What is not given is found as the AWS CLI finds it. */
export interface ClientOptions {
  readonly region: string
  readonly profile?: string | undefined
  /** The variables of the process, for `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_S3`. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What all clients are made with. The SDK retries what is throttled, with growing waits. */
export const toShared = ({
  region,
  profile,
}: ClientOptions): { readonly region: string; readonly maxAttempts: number; readonly profile?: string } => ({
  region,
  maxAttempts: 6,
  ...(profile === undefined ? {} : { profile }),
})
