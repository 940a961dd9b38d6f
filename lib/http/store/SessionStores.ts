/** `Session` as users import it: the pure module of the core, together with the stores. */
export * from '../../core/Session'
export { fileStore } from './FileStore'
export { memoryStore } from './MemoryStore'
