/** The page of examples/browser in a real browser: Debian's Chromium. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { running } from './support'

interface Locator {
  readonly allInnerTexts: () => Promise<ReadonlyArray<string>>
  readonly click: () => Promise<void>
  readonly fill: (text: string) => Promise<void>
  readonly first: () => Locator
  readonly innerText: () => Promise<string>
  readonly waitFor: () => Promise<void>
}

interface Page {
  readonly getByRole: (role: string, options: { readonly name: string }) => Locator
  readonly getByText: (text: string) => Locator
  readonly goto: (url: string) => Promise<unknown>
  readonly locator: (selector: string) => Locator
}

interface Browser {
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

if (!isHere && !isRequired) process.stdout.write(`SKIPPED: examples/browser, since there is no ${executablePath}\n`)

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

const describeHere = isHere || isRequired ? describe : describe.skip

describeHere('the page of examples/browser', () => {
  const example = running('browser')
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args }) // with a new profile, which goes with it
    page = await browser.newPage()
    await page.goto(example().url)
  }, 60_000)

  afterAll(() => browser?.close(), 30_000)

  const ask = async (prompt: string): Promise<void> => {
    await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt)
    await page.getByRole('button', { name: 'Send' }).click()
  }

  const tokens = (): Promise<ReadonlyArray<string>> => page.locator('.token').allInnerTexts()

  it('shows tokens one by one', async () => {
    await ask('The quick brown fox jumps')
    const counts = new Set<number>()
    while (!(await page.locator('#status').innerText()).startsWith('Done')) counts.add((await tokens()).length)
    expect((await tokens()).map((token) => token.trim())).toEqual('You said: The quick brown fox jumps'.split(' '))
    expect([...counts].filter((count) => count > 0 && count < 7).length).toBeGreaterThanOrEqual(3)
    expect(await page.locator('#status').innerText()).toBe('Done, 7 tokens.')
  })

  it('stops when it is told to', async () => {
    await ask('one two three four five six seven eight nine ten')
    await page.locator('.token').first().waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped.').waitFor()
    expect((await tokens()).length).toBeLessThan(12)
  })
})
