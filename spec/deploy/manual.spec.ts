import { filesBelow, read } from '../package/support'

const page = read('docs/guides/deploy.md')

interface Statement {
  readonly Action: string | ReadonlyArray<string>
}

const policy = JSON.parse(/```json\n([^]*?)```/.exec(page)?.[1] ?? '') as {
  readonly Statement: ReadonlyArray<Statement>
}

describe('the page "Deploying to AWS"', () => {
  it('has a policy that allows whatever a deployment asks of AWS', () => {
    const allowed = policy.Statement.flatMap(({ Action }) => Action)
    const asked = filesBelow('lib/deploy', '.ts').flatMap((path) =>
      [...read(path).matchAll(/(?:lift|call)\('([\w-]+:\w+)'\)/g)].map(([, action = '']) => action),
    )
    expect(asked.length).toBeGreaterThan(15)
    expect(asked.filter((action) => !allowed.includes(action))).toEqual([])
  })

  it('names the packages of the AWS SDK that are optional peers', () => {
    const { peerDependenciesMeta } = JSON.parse(read('package.json')) as { readonly peerDependenciesMeta: object }
    const lines = page.match(/npm install --save-dev @aws-sdk.*/g) ?? []
    const named = lines.flatMap((line) => line.split(' ').slice(3))
    expect(named.sort()).toEqual(Object.keys(peerDependenciesMeta))
  })
})
