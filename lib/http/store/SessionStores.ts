/** Sessions as users see them: the pure module of the core, and the stores that keep state for real. */
export * from '../../core/Session'
export { fileStore } from './FileStore'
export { memoryStore } from './MemoryStore'
