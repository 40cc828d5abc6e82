import type { Sample } from './contender.ts';

/** A line of the table; times in milliseconds, medians. */
export interface Row {
  readonly model: string;
  readonly engine: string;
  readonly device: string;
  readonly images: number;
  readonly decode: number | null;
  readonly prepare: number | null;
  readonly network: number | null;
  readonly boxes: number | null;
  /** One image at a time, from the file to its boxes. */
  readonly total: number;
  /** The same of the first after a pause. */
  readonly afterPause: number;
  /** Of many images, the next ones decoded meanwhile. */
  readonly imagesPerSecond: number | null;
  /** How many times as fast as MMDetection: median over the images that both did, one right after the other. */
  readonly timesMMDetection: number;
  readonly timesOnnxRuntime: number;
  /** The same beside MMDetection on this machine's GPU. */
  readonly timesMMDetectionOnGpu: number;
  readonly timesNative: number;
  /** The same with many images; null where it was not measured. */
  readonly manyTimesMMDetection: number | null;
}

/** The middle one, or the mean of the two in the middle. Of nothing: NaN. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return (at(Math.floor((sorted.length - 1) / 2)) + at(Math.ceil((sorted.length - 1) / 2))) / 2;
}

/** Median of `theirs / ours` over the pairs of the same image and round; NaN where there is none. */
export function pairedRatio(ours: readonly Sample[], theirs: readonly Sample[]): number {
  const keyOf = ({ file, round }: Sample) => `${round} ${file}`;
  const other = new Map(theirs.map((sample) => [keyOf(sample), sample.total]));
  return median(
    ours.flatMap((sample) => {
      const total = other.get(keyOf(sample));
      return total === undefined ? [] : [total / sample.total];
    }),
  );
}

/** For people, with the digits that mean something. */
export function printTable(rows: readonly Row[]): void {
  const ms = (value: number | null) => (value === null ? '' : value.toFixed(1));
  const times = (value: number | null) =>
    value === null || Number.isNaN(value) ? '' : `${value.toFixed(2)}x`;
  console.table(
    rows.map((row) => ({
      model: row.model,
      engine: row.engine,
      device: row.device.slice(0, 24),
      'decode ms': ms(row.decode),
      'prepare ms': ms(row.prepare),
      'network ms': ms(row.network),
      'boxes ms': ms(row.boxes),
      'file to boxes ms': ms(row.total),
      'after a pause ms': ms(row.afterPause),
      'images/s': ms(row.imagesPerSecond),
      'x MMDetection': times(row.timesMMDetection),
      'x ONNX Runtime (Python)': times(row.timesOnnxRuntime),
      'x MMDetection, GPU': times(row.timesMMDetectionOnGpu),
      'x native': times(row.timesNative),
      'many, x MMDetection': times(row.manyTimesMMDetection),
    })),
  );
}
