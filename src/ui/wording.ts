/** Numbers as people read them: units, separators, and a rate per second or per minute. */
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** 1234 -> '1,234' */
export function count(n: number): string {
  return whole.format(n);
}

/** (1, 'image') -> '1 image'; (2, 'box', 'boxes') -> '2 boxes' */
export function countOf(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Milliseconds: '0.4 ms', '14 ms', '2.1 s' */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${oneDigit.format(ms / 1000)} s`;
  return `${ms < 10 ? oneDigit.format(ms) : whole.format(ms)} ms`;
}

/** A rate per second or per minute, whichever reads as 1 to 999: '41/s', '12/min' */
export function rate(perSecond: number): string {
  if (perSecond >= 1) return `${perSecond < 10 ? oneDigit.format(perSecond) : whole.format(perSecond)}/s`;
  return `${oneDigit.format(perSecond * 60)}/min`;
}

/** Seconds as '17 s', '3 min', '2 h 5 min' */
export function duration(seconds: number): string {
  if (seconds < 60) return `${whole.format(Math.max(1, seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${count(minutes)} min`;
  const rest = minutes % 60;
  return `${count(Math.floor(minutes / 60))} h${rest === 0 ? '' : ` ${count(rest)} min`}`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A time in the past as 'just now', '5 minutes ago', 'yesterday', '3 weeks ago' */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Number.isNaN(seconds)) return iso;
  const units = [
    ['minute', 60],
    ['hour', 3600],
    ['day', 86_400],
    ['week', 604_800],
    ['month', 2_629_800],
    ['year', 31_557_600],
  ] as const;
  if (Math.abs(seconds) < 60) return 'just now';
  const [unit, size] = units.findLast(([, each]) => Math.abs(seconds) >= each) ?? units[0];
  return relative.format(Math.round(seconds / size), unit);
}

/** The exact time, for the tooltip of a relative one: '22 Nov 2026, 18:20' */
export function exactTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** Bytes: '8.1 MB' (decimal, as file managers say it) */
export function bytes(n: number): string {
  if (n >= 1e9) return `${oneDigit.format(n / 1e9)} GB`;
  if (n >= 1e6) return `${oneDigit.format(n / 1e6)} MB`;
  if (n >= 1e3) return `${whole.format(n / 1e3)} kB`;
  return `${whole.format(n)} bytes`;
}

/** A score or threshold: '0.30' */
export function score(value: number): string {
  return value.toFixed(2);
}

/** 'WebGPU', 'Relay', 'wasm', 'native': the names users meet in the pill. */
export function backendName(backend: string): string {
  if (backend === 'relay') return 'Relay';
  return backend === 'webgpu' ? 'WebGPU' : backend;
}

/** The same in lists of engines, where there is room to say what runs there: 'CPU (wasm)'. */
export function engineName(backend: string): string {
  return backend === 'wasm' ? 'CPU (wasm)' : backendName(backend);
}
