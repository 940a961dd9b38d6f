/** What users import as `AgentError`: the failures and what others see of them. */
export * from './AgentError'
export { fromModel } from './ModelError'
export * from './Problem'
