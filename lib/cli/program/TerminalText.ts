/**
 * Text on its way to a terminal. Names, streams, messages of services and contents of files are written by others, and a
 * terminal obeys control characters: they could change its title, its clipboard, or lines that stand there already.
 */
import { StringDecoder } from 'node:string_decoder'
import type { Sink } from './Cli'

/** All control characters but line feed and tab: C0, DEL and C1. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** The text with its control characters written out, such as `\u001b`. Line feeds, tabs and CRLF stay. */
export const visible = (text: string): string => text.replaceAll('\r\n', '\n').replace(controls, escaped)

/** Colours and weights. Not 8, which hides text, nor 5 and 6, which blink. */
const styles = /\u001b\[(?:(?:[0-4]|2[2-4]|[349][0-7]|10[0-7]|39|49)(?:;|(?=m)))*m/g

/** What takes back a line of progress, where a write begins with it. */
export const clearLine = '\r\u001b[K'

/** Clears the screen and what has scrolled off it, where a write is nothing else. */
export const clearScreen = '\u001b[2J\u001b[3J\u001b[H'

/** As `visible`, but for colours. */
const styled = (text: string): string => {
  let result = ''
  let at = 0
  for (const match of text.matchAll(styles)) {
    result += visible(text.slice(at, match.index)) + match[0]
    at = match.index + match[0].length
  }
  return result + visible(text.slice(at))
}

/** Text of this program: it may take back a line of progress first, or clear the screen. */
const own = (text: string): string => {
  if (text === clearScreen) return text
  return text.startsWith(clearLine) ? clearLine + styled(text.slice(clearLine.length)) : styled(text)
}

/** The beginning of a style that the next write may complete. */
const unfinished = /\u001b(?:\[[\d;]{0,20})?$/

/**
 * A sink whose terminal obeys nothing but colours. Every sink of a command is one. What is no terminal gets bytes as they
 * are: a pipe must carry what an agent has sent.
 */
export const guarded = (sink: Sink): Sink => {
  if (!sink.isTTY) return sink
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return {
    isTTY: true,
    get columns() {
      return sink.columns // of a window that is resized
    },
    write: (data) => {
      // Strings are of this program, bytes of a process or a server that it shows.
      if (typeof data === 'string') return sink.write(own(data))
      const text = rest + decoder.write(Buffer.from(data))
      rest = unfinished.exec(text)?.[0] ?? ''
      return sink.write(styled(text.slice(0, text.length - rest.length)))
    },
  }
}
