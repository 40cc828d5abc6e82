/** Every setting there is: one row each, in the order in which people read them. */
import * as v from 'valibot';
import { normalizeAddress } from '../../labelstudio/address.ts';
import { executors, type ExecutorKind } from '../../training/job.ts';

export const devices = ['auto', 'cpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** Null: not set. */
export interface Settings {
  /** Without a trailing slash. */
  readonly labelStudioUrl: string | null;
  readonly labelStudioApiKey: string | null;
  readonly host: string;
  readonly port: number;
  /** The relay's address as Label Studio is to call it, without a trailing slash. */
  readonly publicUrl: string | null;
  readonly executor: ExecutorKind;
  /** For torchrun (0: all that are found) and ray (0: none). */
  readonly gpus: number;
  readonly device: Device;
  /** Without a trailing slash. */
  readonly rayAddress: string | null;
  readonly rayPython: string | null;
  /** Of a step, all on one machine. */
  readonly rayCpus: number;
  readonly rayToken: string | null;
  /** 0..1 */
  readonly threshold: number;
  readonly keepJobs: number;
  readonly secret: string | null;
}

export type SettingName = keyof Settings;

export interface Setting<T = unknown> {
  readonly kind: 'text' | 'address' | 'number' | 'choice';
  readonly default: T;
  readonly env: string;
  /** As it is written, with its dashes. Null: there is none, and for a secret there must be none. */
  readonly flag: string | null;
  /** Never shown, never in config.json. */
  readonly secret: boolean;
  readonly about: string;
  /** Of the value in config.json; numbers of flags and variables are read from their text first. */
  readonly schema: v.GenericSchema<unknown, T>;
}

const text = v.pipe(v.string(), v.trim(), v.nonEmpty('is empty'));

const labelStudioAddress = v.pipe(
  text,
  v.rawTransform(({ dataset, addIssue, NEVER }): string => {
    try {
      return normalizeAddress(dataset.value);
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) });
      return NEVER;
    }
  }),
);

const address = v.pipe(
  text,
  v.check(isWebAddress, 'must be an address such as http://192.168.1.5:9090, without a password in it'),
  v.transform((url) => url.replace(/\/+$/u, '')),
);

const whole = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.check(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `must be a whole number from ${least} to ${most}`,
    ),
  );

const oneOf = <const T extends readonly string[]>(choices: T) =>
  v.picklist(choices, `must be one of ${choices.join(', ')}`);

const plain = { flag: null, secret: false } as const;
const secret = { kind: 'text', default: null, flag: null, secret: true, schema: text } as const;

export const settings: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  labelStudioUrl: {
    ...plain,
    kind: 'address',
    default: null,
    env: 'LABEL_STUDIO_URL',
    flag: '--label-studio',
    about: 'address of Label Studio',
    schema: labelStudioAddress,
  },
  labelStudioApiKey: {
    ...secret,
    env: 'LABEL_STUDIO_API_KEY',
    about: 'access token of Label Studio (Account & Settings)',
  },
  host: {
    ...plain,
    kind: 'text',
    default: '127.0.0.1',
    env: 'FORELABEL_HOST',
    flag: '--host',
    about: 'address that serve listens on',
    schema: text,
  },
  port: {
    ...plain,
    kind: 'number',
    default: 9090,
    env: 'FORELABEL_PORT',
    flag: '--port',
    about: 'port that serve listens on (0: any free one)',
    schema: whole(0, 65_535),
  },
  publicUrl: {
    ...plain,
    kind: 'address',
    default: null,
    env: 'FORELABEL_PUBLIC_URL',
    flag: '--public-url',
    about: "this Forelabel's address as Label Studio is to call it",
    schema: address,
  },
  executor: {
    ...plain,
    kind: 'choice',
    default: 'local',
    env: 'FORELABEL_EXECUTOR',
    flag: '--executor',
    about: 'where trainings run: local, torchrun (several GPUs), or ray (a cluster)',
    schema: oneOf(executors),
  },
  gpus: {
    ...plain,
    kind: 'number',
    default: 0,
    env: 'FORELABEL_GPUS',
    flag: '--gpus',
    about: 'GPUs of a training, for torchrun (0: all there are) and ray (0: none)',
    schema: whole(0, 1024),
  },
  device: {
    ...plain,
    kind: 'choice',
    default: 'auto',
    env: 'FORELABEL_DEVICE',
    flag: '--device',
    about: 'what trainings and the native engine use: auto, cpu or cuda',
    schema: oneOf(devices),
  },
  rayAddress: {
    ...plain,
    kind: 'address',
    default: null,
    env: 'FORELABEL_RAY_ADDRESS',
    flag: '--ray-address',
    about: "address of a Ray cluster's dashboard, such as http://ray-head:8265",
    schema: address,
  },
  rayPython: {
    ...plain,
    kind: 'text',
    default: null,
    env: 'FORELABEL_RAY_PYTHON',
    about: "the trainer's python on the machines of the Ray cluster",
    schema: text,
  },
  rayCpus: {
    ...plain,
    kind: 'number',
    default: 2,
    env: 'FORELABEL_RAY_CPUS',
    about: 'CPUs, and threads, of a training on the Ray cluster',
    schema: whole(1, 1024),
  },
  rayToken: {
    ...secret,
    env: 'FORELABEL_RAY_TOKEN',
    about: 'token of the Ray cluster, where it asks for one',
  },
  threshold: {
    ...plain,
    kind: 'number',
    default: 0.3,
    env: 'FORELABEL_THRESHOLD',
    about: 'boxes with a lower score are not given to Label Studio, 0 to 1',
    schema: v.pipe(
      v.number('must be a number'),
      v.check((value) => value >= 0 && value <= 1, 'must be a number from 0 to 1'),
    ),
  },
  keepJobs: {
    ...plain,
    kind: 'number',
    default: 20,
    env: 'FORELABEL_KEEP_JOBS',
    about: 'ended trainings whose folders are kept',
    schema: whole(1, 100_000),
  },
  secret: {
    ...secret,
    // As many as credentials.json asks for: others on the network may guess.
    schema: v.pipe(text, v.minLength(16, 'must have at least 16 characters')),
    env: 'FORELABEL_SECRET',
    about: 'what programs must know to change something (made by itself)',
  },
};

export const settingNames = Object.keys(settings) as readonly SettingName[];

/** Whether there is a setting of that name, written exactly so. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

function isWebAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/u.test(protocol) && username === '' && password === '';
}
