/** Finds routes that could never be served, because the path is the agent's own. */
import { path } from '../../core/Protocol'

/** A layer of a @koa/router: a route, or with no methods a middleware for routes. */
export interface RouteLayer {
  readonly name?: string | undefined
  readonly methods: ReadonlyArray<string>
  readonly path: string | RegExp
  readonly match: (path: string) => boolean
}

/** Throws if a route is for one of the agent's own paths. */
export const checkCollisions = (stack: ReadonlyArray<RouteLayer>): void => {
  for (const layer of stack) {
    const own = layer.methods.length === 0 ? undefined : ownPaths.find((one) => isFor(layer, one))
    if (own !== undefined) throw new Error(explain(layer, own))
  }
}

const ownPaths: ReadonlyArray<string> = [path.invocations, path.ping, path.websocket]

/**
 * Whether a route is for this path rather than for a pattern that happens to match it, such as `/:page` or `/*path`:
 * a pattern matches similar paths too, and serves those.
 */
const isFor = (layer: RouteLayer, own: string): boolean => layer.match(own) && !layer.match(`${own}x`)

const explain = ({ name, methods, path: pattern }: RouteLayer, own: string): string => {
  const named = name === undefined ? '' : ` ("${name}")`
  const asked = methods.filter((method) => method !== 'HEAD' || !methods.includes('GET')) // a router adds HEAD to GET
  return (
    `The route ${asked.join(', ')} ${String(pattern)}${named} collides with ${own}, which the agent itself serves. ` +
    `Give the route another path; ${ownPaths.join(', ')} belong to the agent.`
  )
}
