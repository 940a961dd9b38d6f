/** Where the inspector of `agentcore dev` listens: the value of `--inspect`. */
import { isIP } from 'node:net'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as Rules from '../../../config/Rules'
import type { Parse } from '../../program/Flag'

/** A host and the port to try first. */
export interface InspectorAddress {
  readonly host: string
  readonly port: number
}

/** That of `node --inspect`. */
export const defaultInspector: InspectorAddress = { host: '127.0.0.1', port: 9229 }

/** `9229`, `0.0.0.0:9229`, `[::1]:9229` or a host alone, as `node --inspect` takes them. */
export const parseInspector: Parse<InspectorAddress> = (text) => {
  const isPort = /^\d+$/.test(text)
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  const host = isPort ? defaultInspector.host : (bracketed ?? plain ?? '')
  if (!isHost(host)) return E.left('expected a port, or an address and a port such as 0.0.0.0:9229')
  return pipe(
    isPort ? Rules.port(text) : digits === undefined ? E.right(defaultInspector.port) : Rules.port(digits),
    E.map((port) => ({ host, port })),
  )
}

const isHost = (host: string): boolean => isIP(host) !== 0 || /^[a-z][a-z0-9.-]*$/i.test(host)

/** Whether only this machine reaches an address. */
export const isLocal = ({ host }: InspectorAddress): boolean => /^(?:127(?:\.\d+){3}|::1|localhost)$/.test(host)
