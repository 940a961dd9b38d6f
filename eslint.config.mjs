import { defineConfig } from 'eslint/config'
import { builtinModules } from 'node:module'
import tseslint from 'typescript-eslint'

const noClasses = ['ClassDeclaration', 'ClassExpression'].map((selector) => ({
  selector,
  message: 'No classes: a value is plain data, its behaviour a module of functions.',
}))

const totalFolds = {
  selector: "SwitchStatement[discriminant.property.name='_tag'] > SwitchCase[test=null]",
  message: 'A fold over a tagged union names every case: a default would hide a new one.',
}

const clockAndChance = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'The clock is an argument.' },
]

const nodeModules = [...builtinModules, 'node:*']
const effects = [
  'console',
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'crypto',
  'fetch',
  'Buffer',
]

export default defineConfig(
  { ignores: ['dist/', 'coverage/', '.tmp*/', 'examples/templates/'] },
  {
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-param-reassign': 'error',
      'no-sequences': 'error',
      'no-var': 'error',
      'no-restricted-syntax': ['error', ...noClasses, totalFolds],
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/array-type': ['error', { default: 'generic' }],
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', 'ts-ignore': true, 'ts-nocheck': true },
      ],
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never', arrayLiteralTypeAssertions: 'never' },
      ],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_+$' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/strict-boolean-expressions': ['error', { allowString: false, allowNumber: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-require-imports': ['error', { allowAsImport: true }],
      // A listener may be async: koa's own callback is.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      // `{}` is the state of an agent that asks for none and gives none.
      '@typescript-eslint/no-empty-object-type': ['error', { allowObjectTypes: 'always' }],
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      // Node types the socket of an upgrade as any stream.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `return stop()` reads well where the function returns nothing.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Narrowing does not know that an await, or a call, moves `signal.aborted` and the like.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // An `AgentError` may be thrown by those who write generators, and is no `Error`.
      '@typescript-eslint/only-throw-error': 'off',
      // `async` without `await` turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
      // Overloads of the descriptors are told apart by what they mean, not by how few they could be.
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    // `return next()` is how middleware of Koa is written, and Koa says that it gives any.
    files: ['examples/**/*.ts', 'spec/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-return': 'off' },
  },
  {
    // The matchers of jest, such as `expect.any(String)`, are any.
    files: ['spec/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    // Loaded by the agents that need them, in `createApp`, which is synchronous.
    files: ['lib/http/koa/KoaRouter.ts', 'lib/http/koa/KoaBodyParser.ts'],
    rules: {
      '@typescript-eslint/no-require-imports': ['error', { allow: ['^@koa/router$', '^koa-bodyparser$'] }],
    },
  },
  {
    // Loaded by `fileStore`, which is synchronous.
    files: ['lib/http/store/LoadFileLocks.ts'],
    rules: { '@typescript-eslint/no-require-imports': ['error', { allow: ['/node/file/FileLocks$'] }] },
  },
  {
    files: ['lib/core/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...effects],
      'no-restricted-imports': ['error', { patterns: nodeModules }],
      'no-restricted-syntax': ['error', ...noClasses, totalFolds, ...clockAndChance],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The clock is an argument.' },
        { object: 'Math', property: 'random', message: 'Chance is an argument.' },
      ],
    },
  },
)
