/** Debian's Chromium, driven by playwright-core, for integration specs. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Elements of a page. */
export interface Locator {
  readonly allInnerTexts: () => Promise<ReadonlyArray<string>>
  readonly click: () => Promise<void>
  readonly fill: (text: string) => Promise<void>
  readonly first: () => Locator
  readonly innerText: () => Promise<string>
  readonly waitFor: () => Promise<void>
}

/** A page. */
export interface Page {
  readonly getByRole: (role: string, options: { readonly name: string }) => Locator
  readonly getByText: (text: string) => Locator
  readonly goto: (url: string) => Promise<unknown>
  readonly locator: (selector: string) => Locator
  /** Runs an expression in the page, and gives its value, or that of its promise. */
  readonly evaluate: (expression: string) => Promise<unknown>
}

/** A browser. */
export interface Browser {
  readonly close: () => Promise<void>
  readonly newPage: () => Promise<Page>
}

interface Playwright {
  readonly chromium: {
    readonly launch: (options: {
      readonly executablePath: string
      readonly args: ReadonlyArray<string>
    }) => Promise<Browser>
  }
}

// The types of playwright-core ask for those of the DOM, which the library must not know: what is used of it is above.
const { chromium } = createRequire(__filename)('playwright-core') as Playwright

const executablePath = '/usr/bin/chromium'
const isHere = existsSync(executablePath)
const isRequired = process.env['AGENTCORE_FP_INTEGRATION'] === '1'

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Describes what needs the browser, and says that it is skipped where there is none. */
export const describeHere = (name: string, specs: () => void): void => {
  if (isHere || isRequired) return describe(name, specs)
  process.stdout.write(`SKIPPED: ${name}, since there is no ${executablePath}\n`)
  describe.skip(name, specs)
}

/** Starts the browser with a new profile, which goes with it. */
export const launch = (): Promise<Browser> => launchWith([])

/** The same with further switches. */
export const launchWith = (switches: ReadonlyArray<string>): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...args, ...switches] })
