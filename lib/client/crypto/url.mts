/** Node's `url`, of which aws4 uses one function, and that only for requests that are strings: none here is. */
export const parse = (text: string): URL => new URL(text)
