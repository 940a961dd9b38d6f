/** What users import as `Reply`: replies of any kind, and those of the AI SDK's pages. */
export * from './Reply'
export { uiMessages, type UiMessageChunk } from './UiMessages'
