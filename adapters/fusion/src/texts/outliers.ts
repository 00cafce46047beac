/** Medians of the distance that an outlier lies beyond the median. */
const limit = 6;

/**
 * Rows of a table that lie far from all others: their distance from the mean is above the median distance by more than 6
 * times the (scaled) median absolute deviation. Few rows have no typical distance: fewer than 8 have no outlier.
 * @param values [count·width] @returns row numbers
 */
export function outlierRows(values: Float32Array, width: number): number[] {
  const count = width > 0 ? values.length / width : 0;
  if (count < 8) return [];
  const mean = new Float64Array(width);
  values.forEach((value, i) => (mean[i % width] += value / count));
  const distances = Array.from({ length: count }, (_, row) => {
    let square = 0;
    for (let w = 0; w < width; w++) square += (values[row * width + w] - mean[w]) ** 2;
    return Math.sqrt(square);
  });
  const middle = median(distances);
  const deviation = 1.4826 * median(distances.map((distance) => Math.abs(distance - middle)));
  return [...distances.keys()].filter(
    (row) => distances[row] - middle > limit * Math.max(deviation, 1e-6 * middle),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
