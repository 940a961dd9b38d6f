/** Loads the locks of files when an app has a store in files: with what they need of Node, they take 1 MB of memory. */
import type * as fileLocks from '../../node/file/FileLocks'

/** The module of the locks. Synchronous, since `fileStore` is. */
export const loadFileLocks = (): typeof fileLocks => require('../../node/file/FileLocks') as typeof fileLocks
