/** Loaded into a process: tells of each name that a connection is made to, but for this machine's. */
import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

subscribe('net.client.socket', (message) => {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return
  if (!(message.socket instanceof Socket)) return
  message.socket.on('lookup', (_error, address, _family, host) => {
    if (!/^(127\.|::1$)/.test(address)) process.stderr.write(`reached for ${host}\n`)
  })
})
