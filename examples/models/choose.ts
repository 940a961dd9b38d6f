/** Chooses a model by the variable `MODEL`; without one, the scripted model, which needs neither network nor key. */
import type { Model } from './model'
import { scripted } from './scripted'

type Environment = Readonly<Record<string, string | undefined>>

/** `bedrock:<model id>` or `openai:<model>`; `OPENAI_BASE_URL` and `OPENAI_API_KEY` say where the latter is. */
export const chooseModel = (env: Environment): Model => {
  const [, kind, name = ''] = /^(bedrock|openai):(.+)$/.exec(env['MODEL'] ?? '') ?? []
  if (kind === 'bedrock') return loaded(async () => (await import('./bedrock.js')).bedrock(name))
  if (kind === 'openai') {
    const baseUrl = (env['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1').replace(/\/$/, '')
    return loaded(async () =>
      (await import('./openai.js')).openai({ model: name, baseUrl, apiKey: env['OPENAI_API_KEY'] }),
    )
  }
  if (env['MODEL'] === undefined || env['MODEL'] === '' || env['MODEL'] === 'scripted') return scripted
  throw new Error(`MODEL is ${env['MODEL']}: set it to bedrock:<model id>, openai:<model> or scripted`)
}

/** A model whose code is loaded with its first request, so that the agent starts without it. */
const loaded = (load: () => Promise<Model>): Model => {
  let model: Promise<Model> | undefined
  return async function* (request) {
    model ??= load()
    yield* (await model)(request)
  }
}
