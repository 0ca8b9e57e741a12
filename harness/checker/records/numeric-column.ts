/**
 * One field of many records of the same kind. Millions of observations are kept as a few such
 * columns instead of as objects: 8 bytes a value, and nothing for the garbage collector to walk.
 */
export type NumericColumn = number[];

/** The value at an existing index. */
export const valueAt = (column: ArrayLike<number>, index: number): number =>
  column[index] as number;

/** As `Array.prototype.findLast`, which the k6 scripts' language level lacks. */
export function findLast<T>(items: readonly T[], fits: (item: T) => boolean): T | undefined {
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index] as T;
    if (fits(item)) return item;
  }
  return undefined;
}

/**
 * The indices 0 to `length - 1` in the order of `compare`. Cheap if already in order, as records
 * mostly are.
 */
export function sortedIndices(
  length: number,
  compare: (a: number, b: number) => number,
): Uint32Array {
  const indices = Uint32Array.from({ length }, (_, index) => index);
  for (let index = 1; index < length; index++) {
    if (compare(index - 1, index) > 0) return indices.sort(compare);
  }
  return indices;
}
