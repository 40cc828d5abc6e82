import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { presets, trainRequestSchema, type TrainRequestInput } from '../../../src/training/job.ts';
import { presetSettings, trainerSettings, usualImages } from '../../../src/training/presets.ts';

const settings = (images: number, request: Partial<TrainRequestInput> = {}) =>
  trainerSettings(v.parse(trainRequestSchema, { project: 1, ...request }), images);

describe('presets', () => {
  test('asking for nothing is five epochs, whatever the number of images', () => {
    for (const images of [1, 160, 5000]) expect(settings(images).epochs).toBe(5);
  });

  test('the request has the last word on epochs, and on nothing else', () => {
    for (const preset of presets) {
      const own = settings(200, { preset, epochs: 3 });
      expect(own.epochs).toBe(3);
      expect(own.inputSize).toBe(presetSettings[preset].inputSize);
    }
  });

  test('thorough trains longer than quick, for every number of images', () => {
    for (const images of [1, 10, 100, 160, 1000, 20_000])
      expect(settings(images, { preset: 'thorough' }).epochs).toBeGreaterThan(
        settings(images, { preset: 'quick' }).epochs,
      );
  });

  test('few images are seen more often and many less, within bounds', () => {
    const epochs = (images: number) => settings(images, { preset: 'thorough' }).epochs;
    const usual = presetSettings.thorough.epochs;
    expect(epochs(usualImages)).toBe(usual);
    expect(epochs(usualImages / 2)).toBe(usual * 2);
    expect(epochs(1)).toBe(usual * 4);
    expect(epochs(1_000_000)).toBe(Math.round(usual / 4));
  });

  test('every number is one the trainer takes, at the edges too', () => {
    for (const preset of presets)
      for (const images of [1, 2, 3, 15, 16, 63, 64, 1_000_000])
        for (const value of Object.values(settings(images, { preset })).filter(
          (of) => typeof of === 'number',
        )) {
          expect(Number.isInteger(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(1);
        }
  });

  test('a long run is neither measured nor plotted without end', () => {
    const { epochs, valInterval, logInterval, batchSize } = settings(2000, { epochs: 1000 });
    expect(epochs / valInterval).toBeLessThanOrEqual(20);
    expect((epochs * Math.ceil(2000 / batchSize)) / logInterval).toBeLessThan(1000);
    // A short one is, at every step.
    expect(settings(40, { epochs: 5 })).toMatchObject({ valInterval: 1, logInterval: 1 });
  });
});
