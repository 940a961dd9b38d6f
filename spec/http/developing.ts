/** Apps as they are made in development. */

export type Variables = Readonly<Record<string, string>>

export const development: Variables = { LOCAL_DEV: '1' }

/** Makes an app while the variables are set: the choice is made once, when it is created. */
export const appIn = <A>(variables: Variables, make: () => A): A => {
  const before = { ...process.env }
  Object.assign(process.env, { LOCAL_DEV: '', NODE_ENV: 'test' }, variables)
  try {
    return make()
  } finally {
    for (const name of ['LOCAL_DEV', 'NODE_ENV']) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = before[name]
    }
  }
}
