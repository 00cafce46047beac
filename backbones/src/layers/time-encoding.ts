/**
 * When an item was taken, as numbers a layer can read: of a time t in days, sine and cosine at fixed periods and log(1 + t)
 * (PinnerFormer, section 3.2, after Time2Vec: Kazemi et al. 2019, whose periods are learned).
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Batch, Dataset, Parameters } from '@coco-rec/core';
import { firstTime } from './real-times.js';

const secondsPerDay = 86_400;
/** Of this many days the logarithm is 1. */
const unit = Math.log1p(365);

export interface TimeEncoding {
  /** In days. */
  readonly periods: readonly number[];
  /** Times count from here; in seconds. */
  readonly origin: number;
}

const defaultPeriods = [0.25, 1, 7, 30.44, 91.31, 365.25];

/** A time encoding whose origin is saved with the weights: the first time of the data that it was trained on. */
export interface SavedTimeEncoding {
  readonly periods: readonly number[];
  /** [2], whole days and the seconds that are left, each exact in float32; never trained. */
  readonly start: tf.Variable;
}

/** @param periods in days @throws UsageError if the data has no real times */
export function buildTimeEncoding(
  parameters: Parameters,
  periods: readonly number[] = defaultPeriods,
  dataset: Dataset,
): SavedTimeEncoding {
  const first = firstTime(dataset);
  const days = Math.floor(first / secondsPerDay);
  const values = Float32Array.of(days, first - days * secondsPerDay);
  return { periods, start: parameters.variable('timeOrigin', [2], () => values, { trainable: false }) };
}

export function timeEncodingOf({ periods, start }: SavedTimeEncoding): TimeEncoding {
  const [days, seconds] = start.dataSync();
  return { periods, origin: days * secondsPerDay + seconds };
}

/** Numbers for an item: of its time, and of the gap to the item before it. */
export function timeWidth({ periods }: Pick<TimeEncoding, 'periods'>): number {
  return 2 * (2 * periods.length + 1);
}

/**
 * Both look back only: the time since a history's newest item, which the paper has too, would tell earlier positions how
 * long the history goes on. Zero where a time is not known (sine and cosine never are both), and on padding; the first item
 * of a history, or of what is left of a long one, has no gap.
 * @returns [B·T·timeWidth]
 */
export function timeFeatures(
  { batchSize, length, times }: Pick<Batch, 'batchSize' | 'length' | 'times'>,
  { periods, origin }: TimeEncoding,
): Float32Array {
  const width = timeWidth({ periods });
  const features = new Float32Array(batchSize * length * width);
  if (!times) return features;
  const put = (at: number, seconds: number): void => {
    if (Number.isNaN(seconds)) return;
    const days = seconds / secondsPerDay;
    periods.forEach((period, i) => {
      const angle = 2 * Math.PI * ((days / period) % 1);
      features[at + 2 * i] = Math.sin(angle);
      features[at + 2 * i + 1] = Math.cos(angle);
    });
    features[at + 2 * periods.length] = Math.log1p(Math.max(0, days)) / unit;
  };
  for (let n = 0; n < batchSize * length; n++) {
    put(n * width, times[n] - origin);
    put(n * width + width / 2, n % length === 0 ? NaN : times[n] - times[n - 1]);
  }
  return features;
}
