/**
 * A registry that stands where ECR does: Debian's docker-registry with TLS and passwords, and a proxy that leads there
 * whoever asks for the host name of ECR. An engine is told of neither but by the variables of its process.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

/** The host name of the registry of the account. */
export const registryHost = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'

/** Manifests of one image. */
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** A registry. */
export interface Registry {
  readonly password: string
  /** The variables of a process that finds the registry by its name. */
  readonly env: Readonly<Record<string, string>>
  readonly fetch: (path: string) => Promise<Response>
  readonly close: () => Promise<void>
}

/** Whether this machine has what it takes. */
export const hasRegistry = (): boolean =>
  ['docker-registry', 'htpasswd', 'openssl'].every((name) => spawnSync('which', [name]).status === 0)

const certificates = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt']

const config = (folder: string): string => `version: 0.1
log: { level: info, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${folder}/images } }
http:
  addr: 127.0.0.1:0
  tls: { certificate: ${folder}/own.crt, key: ${folder}/own.key }
auth:
  htpasswd: { realm: ECR, path: ${folder}/passwords }
`

const startRegistry = (folder: string): Promise<{ readonly child: ChildProcess; readonly port: number }> => {
  writeFileSync(join(folder, 'registry.yml'), config(folder))
  const child = spawn('docker-registry', ['serve', join(folder, 'registry.yml')], { stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (data: Buffer): void => {
      text += data.toString('utf8')
      const found = /listening on 127[.]0[.]0[.]1:(\d+)/.exec(text)?.[1]
      if (found !== undefined) resolve({ child, port: Number(found) })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`docker-registry has ended: ${text}`)))
  })
}

/** A proxy as `HTTPS_PROXY` names one. Other hosts are reached as they are. */
const startProxy = async (registry: number): Promise<{ readonly port: number; readonly close: () => void }> => {
  const sockets = new Set<Socket>()
  const server = createHttpServer()
  server.on('connect', ({ url = '' }: { url?: string }, client: Socket) => {
    const [host = '', port = '443'] = url.split(':')
    const target = host === registryHost ? connect(registry, '127.0.0.1') : connect(Number(port), host)
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => [client, target].forEach((one) => one.destroy()))
    }
    target.once('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.pipe(client)
      client.pipe(target)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      sockets.forEach((socket) => socket.destroy())
      server.close()
    },
  }
}

/** Starts a registry, which has one user: the one that tokens of ECR are for. */
export const startEcr = async (): Promise<Registry> => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'))
  const password = `token-${'x'.repeat(40)}`
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${registryHost}`, '-addext', `subjectAltName=DNS:${registryHost}`],
      ...['-keyout', join(folder, 'own.key'), '-out', join(folder, 'own.crt')],
    ],
    { stdio: 'ignore' },
  )
  writeFileSync(join(folder, 'passwords'), execFileSync('htpasswd', ['-nbB', 'AWS', password]))
  const own = readFileSync(join(folder, 'own.crt'), 'utf8')
  const known = certificates.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'))
  writeFileSync(join(folder, 'all.crt'), [own, ...known].join('\n'))
  const { child, port } = await startRegistry(folder)
  const proxy = await startProxy(port)

  const get = (path: string): Promise<Response> =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`,
        accept: manifestTypes,
      }
      request({ host: '127.0.0.1', port, path, servername: registryHost, ca: own, headers })
        .once('error', reject)
        .once('response', (response) => {
          buffer(response).then((body) => {
            const found = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
            resolve(
              new Response(new Uint8Array(body), {
                status: response.statusCode ?? 0,
                headers: Object.fromEntries(found) as Record<string, string>,
              }),
            )
          }, reject)
        })
        .end()
    })

  return {
    password,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      SSL_CERT_FILE: join(folder, 'all.crt'),
      NO_PROXY: '127.0.0.1,localhost',
    },
    fetch: get,
    close: async () => {
      proxy.close()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
