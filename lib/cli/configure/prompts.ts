/** The prompts of `configure`: one answer each. They reject with `cancelled` when the user breaks them off. */
import type * as Clack from '@clack/prompts' with { 'resolution-mode': 'import' }
import * as E from 'fp-ts/Either'
import type * as Rules from '../../config/Rules'
import { cancelled } from '../program/CliError'
import { visible } from '../program/TerminalText'

/** What asks. */
export interface Prompts {
  /** One text that a rule takes, as it was typed. */
  readonly text: (message: string, initialValue: string, rule: Rules.Rule<unknown>) => Promise<string>
  /** One of several. */
  readonly choice: <A extends string>(
    message: string,
    first: NoInfer<A>,
    labels: Readonly<Record<A, string>>,
  ) => Promise<A>
  readonly confirm: (message: string, initialValue: boolean) => Promise<boolean>
  readonly intro: (text: string) => void
  /** Lines between two prompts. */
  readonly show: (text: string) => void
  readonly warn: (text: string) => void
  readonly outro: (text: string) => void
}

const toFault =
  (rule: Rules.Rule<unknown>) =>
  (text: string | undefined): string | undefined => {
    const result = rule(text ?? '')
    return E.isLeft(result) ? result.left : undefined
  }

/** A rule that takes an empty text as well. */
export const orEmpty =
  (rule: Rules.Rule<unknown>): Rules.Rule<unknown> =>
  (text) =>
    text === '' ? E.right(text) : rule(text)

const answered = <A>(clack: typeof Clack, answer: A): Exclude<A, symbol> => {
  if (clack.isCancel(answer)) throw cancelled
  return answer as Exclude<A, symbol> // the only symbol is that of a cancelled prompt
}

/** Loads what asks. */
export const loadPrompts = async (): Promise<Prompts> => {
  const clack = await import('@clack/prompts')
  return {
    text: async (message, initialValue, rule) =>
      answered(clack, await clack.text({ message, initialValue: visible(initialValue), validate: toFault(rule) })),
    choice: async <A extends string>(message: string, first: NoInfer<A>, labels: Readonly<Record<A, string>>) => {
      const names = Object.keys(labels) as Array<A> // a record's keys are those of its type
      const options = names.map((value) => ({ value: value, label: labels[value] }))
      const answer = answered(clack, await clack.select<string>({ message, initialValue: first, options }))
      return names.find((name) => name === answer) ?? first
    },
    confirm: async (message, initialValue) => answered(clack, await clack.confirm({ message, initialValue })),
    intro: (text) => clack.intro(visible(text)),
    show: (text) => clack.log.message(text),
    warn: (text) => clack.log.warn(text),
    outro: (text) => clack.outro(text),
  }
}
