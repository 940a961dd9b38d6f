/**
 * The variables of a deployed agent: those that `--env` gives, and of the terminal only what stands for the machine and
 * for the role of the agent. What else happens to be set in a terminal is not there in the cloud either.
 */

type Variables = Readonly<Record<string, string | undefined>>

/** Of the machine: where programs and certificates are, how it speaks, which way out it takes. */
const inheritedVariables =
  /^(PATH|HOME|LANG|LC_\w+|TZ|TERM|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|all_proxy|SystemRoot|windir|ComSpec|PATHEXT|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|ProgramData|ProgramFiles(\(x86\))?|NUMBER_OF_PROCESSORS)$/i

/** Of the role: credentials and where AWS is. */
const isOfRole = (name: string): boolean => name.startsWith('AWS_')

const picked = (terminal: Variables, matches: (name: string) => boolean): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(terminal).flatMap(([name, value]) => (value !== undefined && matches(name) ? [[name, value]] : [])),
  )

/** What an agent inherits that is a process. */
export const inheritedBy = (terminal: Variables): Readonly<Record<string, string>> =>
  picked(terminal, (name) => inheritedVariables.test(name) || isOfRole(name))

/** What an agent is given: in a container too, which inherits nothing. */
export const givenTo = (
  terminal: Variables,
  region: string | undefined,
  env: ReadonlyArray<readonly [name: string, value: string]>,
  isContainer: boolean,
): Readonly<Record<string, string>> => ({
  ...(isContainer ? picked(terminal, (name) => isOfRole(name) && !/_FILE$|^AWS_PROFILE$/.test(name)) : {}),
  ...(region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
  ...Object.fromEntries(env),
})
