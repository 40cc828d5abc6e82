/** What can keep Forelabel from working, and what to do about it: for `forelabel doctor` and the app. */
import { join } from 'node:path';
import { readSettings, type SettingFlags } from '../settings/settings.ts';
import { runProbe, type Check, type Probe } from './check.ts';
import { labelStudioProbes } from './labelStudioProbes.ts';
import { machineProbes } from './machineProbes.ts';
import { portProbe } from './portProbe.ts';
import { trainerProbes } from './trainerProbes.ts';

export interface ChecksOptions {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** `--label-studio` and the like. */
  readonly flags?: SettingFlags;
  /** Checks of the caller's own, before those of Label Studio. */
  readonly extra?: readonly Probe[];
  readonly signal?: AbortSignal;
}

/** Runs every check, several at once; their order is always the same. Rejects only when it is aborted. */
export async function runChecks(options: ChecksOptions): Promise<readonly Check[]> {
  const { home, env, flags = {}, extra = [], signal = new AbortController().signal } = options;
  const read = readSettings({ home, env, flags });
  const settings: Probe = {
    id: 'settings',
    title: 'Settings',
    run: async () => {
      const { sources } = await read;
      const set = Object.values(sources).filter(({ kind }) => kind !== 'default').length;
      const found = set === 0 ? 'all at their defaults' : `${set} set ("forelabel config" shows them)`;
      return { state: 'ok', found, fix: null };
    },
  };
  // Broken settings are one finding; the others are made with what is left.
  const nowhere = join(home, 'none');
  const { values } = await read
    .catch(() => readSettings({ home: nowhere, env, flags }))
    .catch(() => readSettings({ home: nowhere, env: {} }));
  const probes: readonly Probe[] = [
    settings,
    ...machineProbes(home),
    portProbe(values),
    ...trainerProbes(values),
    ...extra,
    ...labelStudioProbes(values),
  ];
  return Promise.all(probes.map((probe) => runProbe(probe, signal)));
}
