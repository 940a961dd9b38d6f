/**
 * Finds the numbers of a JSON text that JavaScript would change: `9007199254740993`, `0.10`, `1e400`. Node 20 has no
 * `JSON.rawJSON` and no source text for revivers, hence the search.
 */
import { endOfNumber, endOfString } from '../../core/JsonScan'

/** Whether `JSON.parse` and `JSON.stringify` would give it back with other characters. */
const isChanged = (digits: string): boolean => String(Number(digits)) !== digits

/** Replaces each such number in a valid JSON text. */
export const replaceInexact =
  (replacement: (digits: string) => string) =>
  (json: string): string => {
    const start = /["\d-]/g // of a string, which is skipped, or of a number
    let result = ''
    let copied = 0
    for (let found = start.exec(json); found !== null; found = start.exec(json)) {
      const isString = found[0] === '"'
      const end = isString ? endOfString(json, found.index + 1) + 1 : endOfNumber(json, found.index)
      const digits = isString ? '' : json.slice(found.index, end)
      if (!isString && isChanged(digits)) {
        result += json.slice(copied, found.index) + replacement(digits)
        copied = end
      }
      start.lastIndex = end
    }
    return result + json.slice(copied)
  }
