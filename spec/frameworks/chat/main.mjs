/** Plays a chat in Node: `node main.mjs URL SESSION` prints what a user would see. */
import { playAll } from './page.mjs'

const [url, session] = process.argv.slice(2)

process.stdout.write(`${JSON.stringify(await playAll(url, session))}\n`)
