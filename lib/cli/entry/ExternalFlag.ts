/** `--external`: packages that stay in `node_modules`, for commands that bundle an agent. */
import * as E from 'fp-ts/Either'
import { list, type Parse } from '../program/Flag'

const packageName: Parse<string> = (name) =>
  /^(?:@[^/\s]+\/)?[^/.@\s][^/\s]*$/.test(name)
    ? E.right(name)
    : E.left('expected the name of a package, such as sharp')

/** The flag. */
export const externalFlag = {
  external: list(
    '--external <package>',
    'package to keep in node_modules instead of bundling it; repeatable',
    packageName,
  ),
}
