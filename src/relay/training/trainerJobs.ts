/** The job files of the steps: what src/trainer/forelabel_trainer/job.py reads. */
import type { TrainerSettings } from '../../training/presets.ts';
import type { TrainableModel } from './baseModel.ts';
import type { CollectedDataset } from './contracts.ts';
import type { TrainerJob } from './runStep.ts';

export interface TrainPlan {
  readonly name: string;
  readonly base: TrainableModel;
  readonly dataset: CollectedDataset;
  readonly workDir: string;
  readonly settings: TrainerSettings;
  readonly resume: boolean;
}

export function trainJob({ name, base, dataset, workDir, settings, resume }: TrainPlan): TrainerJob {
  const { classes, train, val } = dataset;
  return {
    kind: 'train',
    name,
    workDir,
    classes,
    base: { ...base },
    data: val === null ? { train } : { train, val },
    ...settings,
    resume,
  };
}

/** Measures the project's classes, which the model need not all know. */
export function evaluateJob(
  { config, checkpoint }: TrainableModel,
  classes: readonly string[],
  data: { readonly annotations: string; readonly images: string },
): TrainerJob {
  return { kind: 'evaluate', config, checkpoint, classes, data };
}

export interface ExportPlan {
  readonly name: string;
  readonly model: TrainableModel;
  readonly classes: readonly string[];
  readonly outDir: string;
  readonly lineage: {
    readonly parent: string;
    readonly dataset: string;
    readonly epochs: number;
    readonly metrics: Readonly<Record<string, number>>;
    /** ISO 8601. */
    readonly date: string;
  };
}

export function exportJob({ name, model, classes, outDir, lineage }: ExportPlan): TrainerJob {
  return { kind: 'export', name, ...model, classes, outDir, lineage };
}
