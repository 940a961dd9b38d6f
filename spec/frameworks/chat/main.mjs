/** Plays a chat in Node: `node main.mjs URL ID` prints what a user would see. */
import { playAll } from './page.mjs'

const [url, id] = process.argv.slice(2)

process.stdout.write(`${JSON.stringify(await playAll({ url }, id))}\n`)
