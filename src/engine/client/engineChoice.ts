import type { Backend, CandidateReport, Engine } from '../types.ts';

/** The engines that a page can use, in the order in which one is taken before anything is measured. */
export const pageBackends = ['webgpu', 'relay', 'wasm'] as const satisfies readonly Backend[];
export type PageBackend = (typeof pageBackends)[number];

/** 'auto': the fastest one that works here. */
export type EngineChoice = 'auto' | PageBackend;

/** An engine that may be started. */
export interface Candidate {
  readonly backend: PageBackend;
  /** Starts it, self-test included. */
  readonly open: (signal: AbortSignal) => Promise<Engine>;
}

export type ContestantState =
  | 'untried'
  | 'starting'
  /** Open, and to be compared with the one in use. */
  | 'ready'
  | 'in-use'
  | 'slower'
  | 'failed';

/** A candidate and what has become of it. */
export interface Contestant {
  readonly candidate: Candidate;
  state: ContestantState;
  /** Median or best milliseconds of an image. */
  ms: number | null;
  /** Why it failed, as part of a sentence. */
  reason: string | null;
}

/** For people, at the beginning of a sentence. */
const titles: Readonly<Record<PageBackend, string>> = {
  webgpu: 'WebGPU',
  relay: 'The relay',
  wasm: 'The CPU (wasm)',
};

/** What is said of each engine in a list of them. */
export function reportsOf(contestants: readonly Contestant[], choice: EngineChoice): CandidateReport[] {
  return contestants.map(({ candidate: { backend }, state, ms, reason }) => {
    const said: Readonly<Record<ContestantState, string>> = {
      'in-use': choice === backend ? 'In use, because it was chosen.' : 'In use.',
      ready: 'Ready; it is compared with the one in use when images have been run.',
      starting: 'Being tried.',
      slower: 'Slower here.',
      failed: `Not used: ${reason ?? 'it failed'}.`,
      untried: backend === 'wasm' ? 'Not tried: kept for when nothing else works.' : 'Not tried.',
    };
    return { backend, ms: ms === null ? null : Math.round(ms * 10) / 10, said: said[state] };
  });
}

/** One or more sentences: why the engine in use is the one. */
export function whyOf(contestants: readonly Contestant[], choice: EngineChoice): string {
  const used = contestants.find(({ state }) => state === 'in-use');
  if (used === undefined) return '';
  const { backend } = used.candidate;
  if (backend === choice) return `${titles[backend]} was chosen.`;
  const sentences = contestants.flatMap((other) => {
    const title = titles[other.candidate.backend];
    if (other.state === 'failed') {
      const chosen = choice === other.candidate.backend ? 'was chosen, but is not used' : 'is not used';
      return [`${title} ${chosen}: ${other.reason ?? 'it failed'}.`];
    }
    if (other.state === 'slower' && other.ms !== null && used.ms !== null) {
      return [
        `${titles[backend]} takes ${Math.round(used.ms)} ms for an image, ${inMid(title)} ${Math.round(other.ms)} ms.`,
      ];
    }
    return [];
  });
  if (sentences.length > 0) return sentences.join(' ');
  if (contestants.some(({ state }) => state === 'starting' || state === 'ready')) {
    return `${titles[backend]} was ready first; what may be faster is being tried.`;
  }
  return `${titles[backend]} passed its self-test, and nothing faster is offered here.`;
}

function inMid(title: string): string {
  return title.startsWith('The ') ? `the ${title.slice(4)}` : title;
}
