/**
 * Small JSON files that commands leave in a project and believe later: which runtime runs, what it has started. Each
 * carries a seal made with the user's own key over its content and its place, for a project may bring such files along.
 * One whose seal does not fit is never believed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { writeWholeNow } from '../node/file/AtomicFile'
import { writePrivate, privateFolder, readPrivate } from '../node/file/PrivateFile'
import { userKey } from './UserKey'

/** A value that can be sealed: what JSON shows of it is all that there is. */
export type Sealable = Readonly<Record<string, unknown>>

/** What was found at a path. */
export type SealedFile =
  | { readonly _tag: 'Missing' }
  /** Not written by this user's commands for this place. */
  | { readonly _tag: 'Foreign' }
  | { readonly _tag: 'Own'; readonly value: Sealable }

const missing: SealedFile = { _tag: 'Missing' }
const foreign: SealedFile = { _tag: 'Foreign' }

/** The place counts, by its real path: a file of another folder says nothing of this one. */
const toSeal = (path: string, text: string): Buffer =>
  createHmac('sha256', userKey())
    .update(JSON.stringify(['agentcore-fp/1', realpathSync(dirname(path)), basename(path), text]))
    .digest()

const sealed = (path: string, value: Sealable): string => {
  const text = JSON.stringify(value)
  return `${JSON.stringify({ ...value, seal: toSeal(path, text).toString('hex') }, undefined, 2)}\n`
}

const parse = (text: string): Sealable | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined // a part of a file, or something else
  }
}

/** Reads a sealed file. Throws where it cannot be read, or is a link or another thing that no command has made. */
export const readSealed = (path: string): SealedFile => {
  const text = readPrivate(path)
  if (text === undefined) return missing
  const file = parse(text)
  if (file === undefined) return foreign
  const { seal, ...value } = file
  if (typeof seal !== 'string' || !/^[\da-f]{64}$/.test(seal)) return foreign
  const isOwn = timingSafeEqual(Buffer.from(seal, 'hex'), toSeal(path, JSON.stringify(value)))
  return isOwn ? { _tag: 'Own', value } : foreign
}

/** Writes a sealed file, whole or not at all. */
export const writeSealed = async (path: string, value: Sealable): Promise<void> => {
  privateFolder(dirname(path))
  await writePrivate(path, sealed(path, value))
}

/** The same at once, for what must be written down before anything else can happen. */
export const writeSealedNow = (path: string, value: Sealable): void => {
  privateFolder(dirname(path))
  writeWholeNow(path, sealed(path, value), 0o600)
}
