/**
 * JSON of an agent, handed on with the digits that it sent. A number that JavaScript would change is a value that only
 * `format` can write; everything else is as `JSON.parse` gives it.
 */
import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { replaceInexact } from './NumberTokens'

const key = Symbol('digits')

/** A number by its digits. */
export interface ExactNumber {
  readonly [key]: string
}

/** Whether a value is a number that JavaScript would change. */
export const isExactNumber = (value: unknown): value is ExactNumber =>
  typeof value === 'object' && value !== null && key in value

/** Marks digits while they are a string, in texts that may hold any other. */
const mark = `${randomUUID()}:`

const toValue = (_: string, value: unknown): unknown =>
  typeof value === 'string' && value.startsWith(mark) ? Object.freeze({ [key]: value.slice(mark.length) }) : value

const toMarked = (_: string, value: unknown): unknown => (isExactNumber(value) ? mark + value[key] : value)

/** Parses JSON. Left: what `JSON.parse` throws. */
export const parse = (json: string): E.Either<unknown, unknown> =>
  E.tryCatch(
    () => {
      const value: unknown = JSON.parse(json) // throws for text in which numbers could not be told apart
      const text = replaceInexact((digits) => `"${mark}${digits}"`)(json)
      return text === json ? value : (JSON.parse(text, toValue) as unknown)
    },
    (cause) => cause,
  )

const marked = new RegExp(`"${mark}([^"]*)"`, 'g')

/** Formats a value as JSON, with its exact numbers. A value without JSON, such as `undefined`, is `null`. */
export const format = (value: unknown, indent?: number): string =>
  // The type of JSON.stringify hides that it gives undefined for some values.
  ((JSON.stringify(value, toMarked, indent) as string | undefined) ?? 'null').replace(marked, '$1')
