/**
 * How long and at which size a preset trains.
 *
 * The numbers come from fine-tuning the bundled face model for blood cells (BCCD: three classes, 155 images to learn
 * from, 50 to choose the epoch by, 72 more to measure on). The base's own augmentation at 320 pixels came to an AP50 of
 * 0.61 in 20 epochs. With the light one at 448 pixels and four images a step it is 0.873 after the six of `quick`, which
 * took 4.0 minutes of processor time (two minutes and a half on two free cores), and 0.887 after nine. Eight
 * images a step gained nothing an iteration and cost twice as much; half the rate took 1.6 times the iterations.
 */
import type { Preset, TrainRequest } from './job.ts';

export interface PresetSettings {
  /** Passes over `usualImages` images. */
  readonly epochs: number;
  /** Whether `epochs` follows the number of images, so that the network sees as many in all. */
  readonly scaled: boolean;
  /** 'fit': as large as the small boxes need it (`forelabel_trainer/input_size.py`). */
  readonly inputSize: 'base' | 'fit';
  /** One line for people. */
  readonly about: string;
}

/** For which `epochs` of a scaled preset is meant. */
export const usualImages = 160;

/** A scaled preset passes over few images at most this many times as often, and over many this many times less. */
const most = 4;

export const presetSettings: Readonly<Record<Preset, PresetSettings>> = {
  default: {
    epochs: 5,
    scaled: false,
    inputSize: 'fit',
    about: 'Five passes over the images: a first model, or a little more for one that knows the classes.',
  },
  quick: {
    epochs: 6,
    scaled: true,
    inputSize: 'fit',
    about: 'A few minutes: good enough to correct boxes instead of drawing them.',
  },
  thorough: {
    epochs: 30,
    scaled: true,
    inputSize: 'fit',
    about: 'Up to half an hour on a CPU: the best model these images give.',
  },
};

/** Fields of the trainer's job file that a preset settles. */
export interface TrainerSettings {
  readonly epochs: number;
  readonly inputSize: 'base' | 'fit';
  /** 'light': what suits a model that has learned to see (`forelabel_trainer/fine_tuning.py`). */
  readonly augmentation: 'base' | 'light';
  readonly batchSize: number;
  /** Epochs between two measurements on the validation images. */
  readonly valInterval: number;
  /** Iterations between two points of the plots. */
  readonly logInterval: number;
}

/** Measurements on the validation images in one run, about. */
const validations = 20;
/** Points of the plots in one run, about. */
const points = 400;

/**
 * What the trainer's job says for a request.
 *
 * The learning rate is left out: the trainer takes the base's own.
 *
 * @param images number of training images, at least 1.
 */
export const trainerSettings = (request: TrainRequest, images: number): TrainerSettings => {
  const preset = presetSettings[request.preset];
  const epochs = request.epochs ?? epochsOf(preset, images);
  const batchSize = batchFor(images);
  const iterations = epochs * Math.ceil(images / batchSize);
  return {
    epochs,
    inputSize: preset.inputSize,
    augmentation: 'light',
    batchSize,
    valInterval: Math.ceil(epochs / validations),
    logInterval: Math.max(1, Math.round(iterations / points)),
  };
};

const epochsOf = ({ epochs, scaled }: PresetSettings, images: number): number => {
  if (!scaled) return epochs;
  const factor = Math.min(most, Math.max(1 / most, usualImages / images));
  return Math.max(1, Math.round(epochs * factor));
};

/** A step of four images teaches as much as one of eight, in half the time. Few images make few steps: two, then. */
const batchFor = (images: number): number => (images >= 64 ? 4 : 2);
