/**
 * Test an agent without a server: handlers as pure functions, whole agents in memory, time by hand.
 *
 * @since 0.1.0
 */
export { collect } from './collect'
export { inject, openSocket, type SocketInit } from './inject'
export { testClock, type TestClock } from './testClock'
export { type ReadEvent, readEvents } from './readEvents'
export { run, type Ran } from './run'
export { plainTestContext, testContext, type TestContextOptions } from './testContext'
export { testSocket, type TestSocket } from './testSocket'
