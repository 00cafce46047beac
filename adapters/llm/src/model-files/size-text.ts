/** A number of bytes for people: "512 bytes", "4.2 kB", "271 MB", "1.5 GB" (steps of 1,000). */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  let value = bytes;
  for (const unit of ['kB', 'MB', 'GB']) {
    value /= 1000;
    if (value < 999.5 || unit === 'GB')
      return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
  }
  return '';
}
