/** The chat page. A part of the program, so that a bundle needs no files beside it. */
export const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>my-agent</title>
  <style>
    body { font: 16px/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark; }
    p { white-space: pre-wrap; }
    p.user { font-weight: 600; }
    p.error { color: #c33; }
    form { display: flex; gap: 0.5rem; }
    input { flex: 1; font: inherit; }
  </style>
  <h1>my-agent</h1>
  <main aria-live="polite"></main>
  <form>
    <input name="text" aria-label="Message" autocomplete="off" autofocus required />
    <button>Send</button>
    <button type="button" disabled>Stop</button>
  </form>
  <script type="module">
    const form = document.querySelector('form')
    const [send, stop] = document.querySelectorAll('button')
    const session = crypto.randomUUID()
    const messages = []

    const show = (role, text = '') => {
      const line = document.querySelector('main').appendChild(document.createElement('p'))
      line.className = role
      line.textContent = text
      return line
    }

    /** The chunks of a UI message stream: a line of JSON each, after "data: ". */
    async function* chunks(body) {
      const reader = body.pipeThrough(new TextDecoderStream()).getReader()
      let rest = ''
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const lines = (rest + part.value).split('\\n')
        rest = lines.pop()
        for (const line of lines) if (line.startsWith('data: {')) yield JSON.parse(line.slice(6))
      }
    }

    /** A turn is part of the conversation once it is complete: one that fails or is stopped is not sent again. */
    const answer = async (text, signal) => {
      const message = (role, text) => ({ id: crypto.randomUUID(), role, parts: [{ type: 'text', text }] })
      const asked = message('user', text)
      const line = show('assistant')
      const response = await fetch('invocations', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'text/event-stream',
          'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': session,
        },
        body: JSON.stringify({ messages: [...messages, asked] }),
        signal,
      })
      if (!response.ok) throw new Error((await response.json()).error)
      for await (const chunk of chunks(response.body)) {
        if (chunk.type === 'text-delta') line.textContent += chunk.delta
        if (chunk.type === 'error') throw new Error(chunk.errorText)
        if (chunk.type === 'abort') throw new Error('Stopped')
      }
      messages.push(asked, message('assistant', line.textContent))
    }

    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const text = form.text.value
      form.reset()
      show('user', text)
      const turn = new AbortController()
      send.disabled = true
      stop.disabled = false
      stop.onclick = () => turn.abort()
      try {
        await answer(text, turn.signal)
      } catch (error) {
        show('error', turn.signal.aborted ? 'Stopped' : error.message)
      }
      send.disabled = false
      stop.disabled = true
    })
  </script>
</html>
`
