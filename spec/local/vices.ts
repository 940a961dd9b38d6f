/** What the specs of agents that misbehave share. */
import { sessionId } from './support'

export const [a, b] = [sessionId('a'), sessionId('b')]

export const vice = (name: string): { readonly env: Readonly<Record<string, string>> } => ({ env: { VICE: name } })
