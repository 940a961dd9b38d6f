/**
 * AWS regions and their partitions. The grammar is strict, because a region becomes part of a host name.
 *
 * @since 0.2.0
 */

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The name of a region, such as `us-west-2`. */
export type Region = string & { readonly Region: unique symbol }

/** A partition of AWS, with its own accounts and hosts. */
export type Partition = 'aws' | 'aws-us-gov' | 'aws-cn'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const grammar = /^[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-\d{1,2}$/

/** Whether a text is a region name, by its grammar rather than a list: AWS adds regions. */
export const isRegion = (text: string): text is Region => grammar.test(text)

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The partition of a region. */
export const toPartition = (region: Region): Partition => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
