/** Places in sorted lists, as Python's `bisect` finds them. */

/** How many of the first elements are `before` a place; those after them are not. */
export function countBefore<T>(sorted: readonly T[], before: (element: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
