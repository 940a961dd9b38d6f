const { availableParallelism } = require('node:os')

/** The specs are TypeScript; `.ci/build.mjs` has compiled them, together with what they test, before jest looks. */
module.exports = {
  rootDir: `${__dirname}/../dist/spec`,
  testEnvironment: 'node',
  testMatch: ['**/*.spec.js'],
  transform: {},
  testTimeout: 20000,
  // Specs wait more than they compute: two workers are worth it on two cores as well, where jest would run in band.
  maxWorkers: Math.max(2, availableParallelism() - 1),
}
