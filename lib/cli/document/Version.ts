/** The version of this package. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const versionIn = (manifest: string): string => (JSON.parse(manifest) as { readonly version: string }).version

/** The version of this package, read from its manifest. */
export const version = (): string => versionIn(readFileSync(join(__dirname, '../../../../package.json'), 'utf8'))
