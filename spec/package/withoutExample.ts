/**
 * Modules whose public functions may lack an `@example`, as paths from `dist`. The list only shrinks: one that is
 * complete must leave it. It is to be empty.
 */
export const withoutExample: ReadonlyArray<string> = []
