/** How far two lists of strikes agree that begin at different instants. */

type Strike = [onsetS: number, pitch: number];

export interface Agreement {
  f1: number;
  /** Found less wanted, in seconds: the constant part, and what is left of it at the end. */
  offsetS: number;
  driftS: number;
}

/** Pairs strikes of a pitch within `toleranceS`, after taking out the constant offset. */
export function agreement(wanted: Strike[], found: Strike[], toleranceS: number): Agreement {
  const offsetS = constantOffset(wanted, found);
  const free = found.map(([onsetS, pitch]): Strike => [onsetS - offsetS, pitch]);
  const errors: number[] = [];
  for (const [onsetS, pitch] of wanted) {
    let best = -1;
    free.forEach(([other, same], i) => {
      const distance = Math.abs(other - onsetS);
      if (same !== pitch || distance > toleranceS) return;
      if (best < 0 || distance < Math.abs(free[best][0] - onsetS)) best = i;
    });
    if (best >= 0) errors.push(free.splice(best, 1)[0][0] - onsetS);
  }
  const last = errors.slice(-Math.ceil(errors.length / 4));
  const first = errors.slice(0, last.length);
  const driftS = median(last) - median(first);
  return { f1: (2 * errors.length) / (wanted.length + found.length), offsetS, driftS };
}

/** The commonest distance between strikes of one pitch, to a few milliseconds. */
function constantOffset(wanted: Strike[], found: Strike[]): number {
  const distances = wanted
    .flatMap(([onsetS, pitch]) =>
      found.filter(([, other]) => other === pitch).map(([other]) => other - onsetS),
    )
    .sort((a, b) => a - b);
  let best: number[] = [];
  for (let low = 0, high = 0; high < distances.length; high++) {
    while (distances[high] - distances[low] > 0.02) low++;
    if (high + 1 - low > best.length) best = distances.slice(low, high + 1);
  }
  return median(best);
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
