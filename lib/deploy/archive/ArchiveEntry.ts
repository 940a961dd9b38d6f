/** A file of a code archive. */

/** A file by its path in the archive, with slashes. */
export interface ArchiveEntry {
  readonly name: string
  readonly contents: Uint8Array
  readonly isExecutable: boolean
  /** A symbolic link, whose contents are its target, or a folder, which has none. Default: a file. */
  readonly kind?: 'link' | 'folder'
}

/** Entries in the order of their names, byte by byte, whatever the language of the machine. */
export const sorted = (entries: ReadonlyArray<ArchiveEntry>): ReadonlyArray<ArchiveEntry> =>
  [...entries].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
