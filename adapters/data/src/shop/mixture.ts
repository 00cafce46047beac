/** States whose rows are read together: the sums are then loaded and stored once for all of them. */
const together = 4;

/**
 * sums[item] += Σ over states of shares[state] · weights[state, item], in float64. A state with share 0 costs nothing.
 * @param sums [V + 1] @param shares [S] @param weights [S · (V + 1)], state by state @param items the items wanted
 */
export function addMixture(
  sums: Float64Array,
  shares: Float64Array,
  weights: Float64Array,
  items: Int32Array,
): void {
  const width = sums.length;
  const states = Int32Array.from(shares.keys()).filter((state) => shares[state] > 0);
  for (let n = 0; n < states.length; n += together) {
    // Beyond the last state the first stands in, with share 0.
    const row = (i: number): number => states[n + i < states.length ? n + i : 0] * width;
    const share = (i: number): number => (n + i < states.length ? shares[states[n + i]] : 0);
    const [rowA, rowB, rowC, rowD] = [row(0), row(1), row(2), row(3)];
    const [a, b, c, d] = [share(0), share(1), share(2), share(3)];
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      sums[item] +=
        a * weights[rowA + item] +
        b * weights[rowB + item] +
        c * weights[rowC + item] +
        d * weights[rowD + item];
    }
  }
}
