/** What users import as `AgentError`: the failures and what others see of them. */
export * from '../../core/AgentError'
export { fromModel } from './ModelFailure'
export * from '../../core/Problem'
