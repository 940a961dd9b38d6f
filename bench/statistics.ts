/** Medians, and how far samples spread around them. */

const quantile = (share: number, samples: ReadonlyArray<number>): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN]
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (samples: ReadonlyArray<number>): number => quantile(0.5, samples)

/** Samples in short. */
export interface Summary {
  readonly median: number
  /** Half of the distance between the quartiles, as a share of the median. */
  readonly spread: number
}

export const summary = (samples: ReadonlyArray<number>): Summary => {
  const middle = median(samples)
  return { median: middle, spread: (quantile(0.75, samples) - quantile(0.25, samples)) / 2 / middle }
}

/** The summary of the ratios of samples that were taken at the same time. */
export const ratio = (samples: ReadonlyArray<number>, base: ReadonlyArray<number>): Summary =>
  summary(samples.map((sample, i) => sample / (base[i] ?? NaN)))
