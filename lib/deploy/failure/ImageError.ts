/** Failures on the way to an image, as a part of all failures of a deployment. */
import type { Explanation } from './Explanation'

/** A failure on the way to an image. */
export type ImageError =
  /** A tag names one image for good. */
  | { readonly _tag: 'ImageTagTaken'; readonly repository: string; readonly tag: string }
  /** A build of CodeBuild that did not succeed. */
  | {
      readonly _tag: 'BuildFailed'
      readonly build: string
      /** `FAILED`, `TIMED_OUT` and so on. */
      readonly status: string
      readonly phase: string
      readonly reason: string
      /** The last lines of its log. */
      readonly lines: ReadonlyArray<string>
      readonly logGroup: string
    }
  /** A container engine on this machine could not build the image. */
  | { readonly _tag: 'ImageFailed'; readonly engine: string; readonly lines: ReadonlyArray<string> }
  | {
      readonly _tag: 'LoginRefused'
      readonly engine: string
      readonly registry: string
      readonly lines: ReadonlyArray<string>
    }
  | {
      readonly _tag: 'PushFailed'
      readonly engine: string
      readonly image: string
      readonly lines: ReadonlyArray<string>
    }
  /** The repository does not have what was pushed or built. */
  | { readonly _tag: 'ImageMissing'; readonly image: string }

/** Explains a failure. */
export const explainImage = (error: ImageError): Explanation => {
  switch (error._tag) {
    case 'ImageTagTaken':
      return {
        message: `The repository ${error.repository} already has an image tagged ${error.tag}, built from another source`,
        next: 'choose another --image-tag, or omit it',
        details: [],
      }
    case 'BuildFailed':
      return {
        message: `The build ${error.build} ${error.status === 'TIMED_OUT' ? 'timed out' : `is ${error.status}`} in the phase ${error.phase}${error.reason === '' ? '' : `: ${error.reason}`}`,
        next: `fix what it reports and deploy again; the whole log is in the log group ${error.logGroup}`,
        details: error.lines,
      }
    case 'ImageFailed':
      return {
        message: `The image could not be built: ${error.lines.at(-1) ?? `${error.engine} printed no output`}`,
        next: advice(error.lines),
        details: error.lines,
      }
    case 'LoginRefused':
      return {
        message: `${error.registry} refused the login of ${error.engine}: ${error.lines.at(-1) ?? 'no reason given'}`,
        next: 'check that this machine reaches the registry, and that its clock is right',
        details: error.lines,
      }
    case 'PushFailed':
      return {
        message: `${error.engine} could not push ${error.image}: ${error.lines.at(-1) ?? 'no reason given'}`,
        next: advice(error.lines),
        details: error.lines,
      }
    case 'ImageMissing':
      return {
        message: `${error.image} was pushed, but the repository does not have it`,
        next: 'deploy again; if it happens twice, look at the repository in the AWS console',
        details: [],
      }
  }
}

/** What to do, as far as the output of an engine tells. */
const advice = (lines: ReadonlyArray<string>): string => {
  const text = lines.join('\n')
  if (/no space left on device/i.test(text))
    return 'free some disk space, for example with the prune command of the engine'
  if (/exec format error/i.test(text)) return 'install emulation of arm64: sudo apt-get install qemu-user-static'
  if (/toomanyrequests|rate limit/i.test(text)) return 'wait until the registry accepts more requests, or sign in to it'
  if (/denied|unauthorized|authentication required|no basic auth/i.test(text))
    return 'check the permissions for the registry, and that the image exists'
  if (/no such host|dial tcp|i\/o timeout|connection refused|TLS handshake|name resolution/i.test(text))
    return 'check that this machine reaches the registry'
  if (/manifest unknown|manifest for .* not found|name unknown|repository .* (does )?not (found|exist)/i.test(text))
    return 'check the name and the tag of the base image'
  return 'fix what it reports and deploy again'
}
