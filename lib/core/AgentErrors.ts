/** What users import as `AgentError`: the failures and what others see of them. */
export * from './AgentError'
export * from './Problem'
