/** Bundles `agentcore-fp/client/browser` into one file that needs nothing of Node, over what `tsc` has made of it. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions } from 'esbuild'

/** Where this is after `tsc`: `dist/lib/client/crypto`. */
const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../../..')

const permission = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and
this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED
"AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

const banner = `/*!
agentcore-fp, Apache-2.0. With parts under the MIT License of:
aws4, Copyright 2013 Michael Hart; querystring-es3, Copyright 2012 Irakli Gozalishvili, and Joyent, Inc.;
@noble/hashes, Copyright (c) 2022 Paul Miller; fp-ts, Copyright (c) 2017-present Giulio Canti.
${permission}
*/`

const options: BuildOptions = {
  entryPoints: [join(root, 'lib/client/browser.ts')],
  outfile: join(root, 'dist/lib/client/browser.js'),
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node', // so that Node finds its names; nothing of Node is left in it, as a spec sees
  mainFields: ['module', 'main'], // of fp-ts only what is used
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  banner: { js: banner },
  alias: {
    crypto: join(here, 'crypto.mjs'),
    'node:crypto': join(here, 'crypto.mjs'),
    url: join(here, 'url.mjs'),
    querystring: 'querystring-es3',
  },
  define: { 'process.env': '{}', Buffer: 'undefined' },
  logLevel: 'warning',
}

await build(options)
