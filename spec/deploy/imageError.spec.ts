import { explain } from '../../lib/deploy/failure/DeployError'
import type { ImageError } from '../../lib/deploy/failure/ImageError'

const pushed = (line: string): ImageError => ({
  _tag: 'PushFailed',
  engine: 'podman',
  image: 'registry/name:1',
  lines: ['Getting image source signatures', line],
})

describe('failures of images', () => {
  it.each([
    ['write /var/tmp/x: no space left on device', 'free some disk space'],
    ['exec /bin/sh: exec format error', 'qemu-user-static'],
    ['toomanyrequests: Rate exceeded', 'wait until the registry accepts more requests'],
    ['denied: User is not authorized to perform: ecr:InitiateLayerUpload', 'check the permissions for the registry'],
    ['dial tcp: lookup public.ecr.aws: no such host', 'check that this machine reaches the registry'],
    ['manifest unknown: Requested image not found', 'check the name and the tag'],
    ['exec: "npm": executable file not found in $PATH', 'fix what it reports and deploy again'],
  ])('with %j say what to do', (line, next) => {
    expect(explain(pushed(line))).toMatchObject({
      message: `podman could not push registry/name:1: ${line}`,
      next: expect.stringContaining(next) as string,
    })
  })

  it('tell a build that timed out from one that failed', () => {
    const build: ImageError = {
      _tag: 'BuildFailed',
      build: 'p:1',
      status: 'TIMED_OUT',
      phase: 'BUILD',
      reason: '',
      lines: [],
      logGroup: '/aws/codebuild/p',
    }
    expect(explain(build).message).toBe('The build p:1 timed out in the phase BUILD')
    expect(explain({ ...build, status: 'FAILED', reason: 'exit status 1' }).message).toBe(
      'The build p:1 is FAILED in the phase BUILD: exit status 1',
    )
  })
})
