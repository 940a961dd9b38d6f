/** Policies of IAM, as far as roles need them here. */

/** A statement of an IAM policy. */
export interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow'
  readonly Principal?: { readonly Service: string }
  readonly Action: string | ReadonlyArray<string>
  readonly Resource?: string | ReadonlyArray<string>
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** An IAM policy. */
export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: ReadonlyArray<Statement>
}
