import { labelStudioSource } from '../../prelabel/labelStudioSource.ts';
import type { Source } from '../../prelabel/types.ts';
import type { LabelStudio, Project, TaskQuery } from '../../labelstudio/types.ts';
import { ItemIndex } from './itemIndex.ts';
import type { PartOf } from './itemIndex.ts';
import { Observable } from '../../ui/observable.ts';
import { isAbort, problemOf } from '../../ui/problem.ts';

/** A Label Studio project with what is needed to read its tasks. */
export interface ProjectSource {
  readonly labelStudio: LabelStudio;
  readonly url: string;
  readonly project: Project;
}

/** The chosen images: the samples until the user chooses a folder or a project. */
export class SourceState extends Observable {
  kind: 'samples' | 'folder' | 'project' = 'samples';
  /** Null only while the samples are being listed, or where a project has no image to read (yet). */
  source: Source | null = null;
  items: ItemIndex | null = null;
  title = 'Sample images';
  count: number | null = null;
  problem: string | null = null;
  chosen: ProjectSource | null = null;

  #abort = new AbortController();

  useSamples(source: Source): void {
    this.chosen = null;
    this.#use('samples', source);
  }

  useFolder(source: Source): void {
    this.chosen = null;
    this.#use('folder', source);
  }

  /** `imageField`: null when the project draws rectangles on no image; then nothing can be read. */
  useProject(chosen: ProjectSource, imageField: string | null): void {
    this.chosen = chosen;
    if (imageField === null) {
      this.#use('project', null, chosen.project.title);
      return;
    }
    const options = { ...chosen, imageField };
    this.#use('project', labelStudioSource(options), chosen.project.title, (keys) =>
      labelStudioSource({ ...options, query: { ids: taskIds(keys) } }),
    );
  }

  /** Some of the project's tasks; null for samples and folders. */
  tasks(imageField: string, query: Omit<TaskQuery, 'projectId'>): Source | null {
    if (this.chosen === null) return null;
    return labelStudioSource({ ...this.chosen, imageField, query });
  }

  /** Only the items with these keys. */
  only(keys: readonly string[], imageField: string | null): Source | null {
    const { source } = this;
    if (source === null) return null;
    const ids = taskIds(keys);
    if (imageField !== null && ids.length === keys.length) return this.tasks(imageField, { ids });
    const wanted = new Set(keys);
    return {
      id: source.id,
      title: source.title,
      count: () => Promise.resolve(wanted.size),
      async *items(signal) {
        for await (const item of source.items(signal)) if (wanted.has(item.key)) yield item;
      },
    };
  }

  fail(error: unknown): void {
    this.problem = problemOf(error);
    this.changed();
  }

  #use(
    kind: 'samples' | 'folder' | 'project',
    source: Source | null,
    title = source?.title ?? '',
    only: PartOf | null = null,
  ): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.items?.dispose();
    this.kind = kind;
    this.source = source;
    this.title = title;
    this.items = source === null ? null : new ItemIndex(source, only);
    this.count = null;
    this.problem = null;
    this.changed();
    if (source !== null) void this.#count(source, this.#abort.signal);
  }

  async #count(source: Source, signal: AbortSignal): Promise<void> {
    try {
      const count = await source.count(signal);
      if (signal.aborted) return;
      this.count = count;
      this.changed();
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.fail(error);
    }
  }
}

function taskIds(keys: readonly string[]): readonly number[] {
  return keys.flatMap((key) => /^task:(\d+)$/u.exec(key)?.[1] ?? []).map(Number);
}
