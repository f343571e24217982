/** The middle one; of an even number the upper of the two. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new Error("no median of nothing");
  return middle;
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
