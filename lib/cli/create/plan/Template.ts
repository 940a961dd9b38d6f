/** The templates of projects. Each is a folder of `examples/templates`, over the files of `base` there. */
import * as E from 'fp-ts/Either'
import type { Parse } from '../../program/Flag'

/** The templates by name, with what each is. */
export const templates = {
  minimal: 'plain async functions',
  functional: 'functions composed with fp-ts',
  strands: 'Strands Agents',
  'ai-sdk': 'AI SDK, with a chat page',
  langgraph: 'LangGraph and LangChain',
  'openai-agents': 'OpenAI Agents SDK',
  mastra: 'Mastra',
} as const

/** The name of a template. */
export type Template = keyof typeof templates

/** All names, in the order in which they are offered. */
export const templateNames = Object.keys(templates) as ReadonlyArray<Template> // a constant record has these keys only

/** The name of a template. */
export const parseTemplate: Parse<Template> = (text) => {
  const found = templateNames.find((name) => name === text)
  return found === undefined
    ? E.left(`expected one of ${templateNames.join(', ')}, got ${JSON.stringify(text)}`)
    : E.right(found)
}
