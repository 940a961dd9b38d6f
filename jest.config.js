/** The specs are TypeScript; `tsc` has compiled them, together with what they test, before jest looks. */
module.exports = {
  rootDir: `${__dirname}/dist/spec`,
  testEnvironment: 'node',
  testMatch: ['**/*.spec.js'],
  transform: {},
  testTimeout: 20000,
}
