import { join } from 'node:path';
import type { StepCommand } from './contracts.ts';
import type { Step, StepName } from './jobRow.ts';

/** Where a job keeps its files: `<home>/jobs/<id>`. The id is one of the database or a folder's name there, never of a request. */
export class JobFolder {
  readonly path: string;

  constructor(home: string, id: string) {
    this.path = join(jobsFolder(home), id);
  }

  /** COCO files and images. */
  get dataset(): string {
    return join(this.path, 'dataset');
  }

  /** Numbered events, for pages and the command line. */
  get events(): string {
    return join(this.path, 'events.jsonl');
  }

  /** What the trainer prints. */
  get log(): string {
    return join(this.path, 'log.txt');
  }

  /** Written just before the job is removed: the whole folder may go. */
  get removed(): string {
    return join(this.path, 'removed');
  }

  /** Of one step: its job files, its events and its results. */
  step(name: StepName): string {
    return join(this.path, name);
  }

  /** Checkpoints; in it `last_checkpoint` names the newest. */
  get checkpoints(): string {
    return join(this.step('train'), 'work');
  }

  /** The finished model, until it is registered. */
  get model(): string {
    return join(this.step('export'), 'model');
  }

  /** What the trainer gets, and where its output goes: a pair of files for every attempt. */
  command({ name, attempt }: Pick<Step, 'name' | 'attempt'>): StepCommand {
    return {
      module: name === 'train' || name === 'export' ? name : 'evaluate',
      jobFile: join(this.step(name), `job-${attempt}.json`),
      eventsFile: join(this.step(name), `events-${attempt}.jsonl`),
      logFile: this.log,
    };
  }

  /** All but events and log: what may go when newer jobs need the space. */
  get large(): readonly string[] {
    return [
      this.dataset,
      ...(['train', 'evaluate-base', 'evaluate-new', 'export'] as const).map((name) => this.step(name)),
    ];
  }
}

export const jobsFolder = (home: string): string => join(home, 'jobs');
