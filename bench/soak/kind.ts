/** A kind of invocation: how often it comes, and how it is made and checked. */
import type { Client } from './client'
import type { Flaw } from './flaw'
import type { Pool } from './pool'

/** What an invocation is made with. */
export interface World {
  readonly client: Client
  readonly pool: Pool
}

export interface Kind {
  readonly name: string
  /** How often it comes, in proportion to the others. */
  readonly weight: number
  /** How many invocations one run makes. */
  readonly requests: number
  readonly run: (world: World) => Promise<Flaw>
}
