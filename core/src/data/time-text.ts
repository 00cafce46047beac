/** Seconds since 1970 stay below it until the year 5138; milliseconds have been above it since 1973. */
export const mostSeconds = 1e11;
/** In 1973: numbers below are hardly dates. */
const leastSeconds = 1e8;

/** False for numbers that are hardly seconds since 1970, such as the number of a day. */
export function isDate(time: number): boolean {
  return time >= leastSeconds && time < mostSeconds;
}

/** A time of the data for people: in ISO form where it is in seconds since 1970, else the number. */
export function timeText(time: number): string {
  return isDate(time) ? new Date(time * 1000).toISOString() : String(time);
}
