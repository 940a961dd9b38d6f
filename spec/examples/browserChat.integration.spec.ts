/** The page of examples/browserChat in a real browser. */
import { type Browser, describeHere, launch, type Page } from './chromium'
import { running } from './support'

describeHere('the page of examples/browserChat', () => {
  const example = running('browserChat')
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    browser = await launch()
    page = await browser.newPage()
    await page.goto(example().url)
  }, 60_000)

  // Before the example is ended: it would close the socket of the page.
  const say = async (name: string, prompt: string): Promise<void> => {
    await page.getByRole('textbox', { name: 'Name' }).fill(name)
    await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('Done.').waitFor()
  }

  it('talks to the agent over the URL that it is given, again and again', async () => {
    await say('ann', 'hello')
    await say('ann', 'and again')
    await say('bob', 'me too')
    const answers = (await page.locator('#answers li').allInnerTexts()).map((text) => text.trim())
    expect(answers).toEqual(['You said: hello', 'You said: and again', 'You said: me too'])
    await browser?.close()
  })

  afterAll(() => browser?.close(), 30_000)
})
