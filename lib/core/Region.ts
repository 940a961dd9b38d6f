/**
 * AWS regions: what is the name of one, and which partition of AWS it belongs to. The grammar lets nothing through that
 * could change the host it is put into.
 *
 * @since 0.2.0
 */

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The name of a region, such as `us-west-2`. */
export type Region = string & { readonly Region: unique symbol }

/** A part of AWS with accounts and hosts of its own. */
export type Partition = 'aws' | 'aws-us-gov' | 'aws-cn'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const grammar = /^[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-\d{1,2}$/

/** Whether a text is the name of a region, by its grammar: new ones come. */
export const isRegion = (text: string): text is Region => grammar.test(text)

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The partition that a region belongs to. */
export const toPartition = (region: Region): Partition => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
