/** The page of examples/browser in a real browser. */
import { type Browser, describeHere, launch, type Page } from './chromium'
import { running } from './support'

describeHere('the page of examples/browser', () => {
  const example = running('browser')
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    browser = await launch()
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
