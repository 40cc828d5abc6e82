import * as v from 'valibot';
import { LabelStudioError, type LabelStudioErrorCode } from './errors.ts';

/** Label Studio's own error body, as far as we use it. */
const failureSchema = v.object({
  detail: v.optional(v.string()),
  validation_errors: v.optional(v.unknown()),
});

/** Longest piece of a foreign text in one of our messages. */
const QUOTE_LENGTH = 200;

/** Reads a good answer against its schema, or throws what a bad one means. `base`: address for messages. */
export async function readAnswer<Schema extends v.GenericSchema>(
  response: Response,
  schema: Schema,
  base: string,
): Promise<v.InferOutput<Schema>> {
  const text = await response.text();
  if (!response.ok) throw failureOf(response.status, text, base, retryAfter(response.headers, text));
  const parsed = v.safeParse(schema, parseJson(text));
  if (parsed.success) return parsed.output;
  if (isHtml(response, text)) {
    throw new LabelStudioError(
      'not-label-studio',
      `${base} answers with a web page instead of data. Check the address; if a sign-in page stands before Label Studio, let requests with a token pass it.`,
      { status: response.status },
    );
  }
  const issue = parsed.issues[0];
  throw new LabelStudioError(
    'unexpected-answer',
    `Label Studio at ${base} gave an answer we do not understand (${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}). Check that its version is 1.20 or newer.`,
    { status: response.status },
  );
}

/** The error that a status and a body stand for. */
export function failureOf(
  status: number,
  body: string,
  base: string,
  after: number | null = null,
): LabelStudioError {
  const words = wordsOf(body);
  const [code, message] = explain(status, words, base);
  return new LabelStudioError(code, message, { status, retryAfter: after });
}

/** No server can make us wait longer than this: it may have meant another unit, or another year. */
const LONGEST_WAIT = 15 * 60_000;

/**
 * Milliseconds that a server asks us to wait: the header Retry-After (seconds, or a date), else what Label Studio's
 * framework says in words, since a page is not shown that header of another origin. Null when it says nothing.
 */
export function retryAfter(headers: Headers, body: string, now: number = Date.now()): number | null {
  const header = headers.get('retry-after')?.trim() ?? '';
  const seconds = /^\d+(?:\.\d+)?$/u.test(header)
    ? Number(header)
    : header === ''
      ? Number(/expected available in (\d+) second/iu.exec(body)?.[1] ?? NaN)
      : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT, Math.max(0, seconds * 1000)) : null;
}

/** What Label Studio says is wrong, in its own words, short; '' when it says nothing readable. */
export function wordsOf(body: string): string {
  const parsed = v.safeParse(failureSchema, parseJson(body));
  if (!parsed.success) return '';
  const { detail, validation_errors: errors } = parsed.output;
  const words = errors === undefined || errors === null ? (detail ?? '') : JSON.stringify(errors);
  return words.length > QUOTE_LENGTH ? `${words.slice(0, QUOTE_LENGTH)}…` : words;
}

export function isHtml(response: Response, text: string): boolean {
  return (
    (response.headers.get('content-type') ?? '').includes('text/html') && text.trimStart().startsWith('<')
  );
}

function explain(status: number, words: string, base: string): readonly [LabelStudioErrorCode, string] {
  const quoted = words === '' ? '' : `: ${words.replace(/\.$/u, '')}`;
  if (status === 401 && /legacy token authentication has been disabled/iu.test(words)) {
    return [
      'legacy-token-disabled',
      'This Label Studio does not accept legacy tokens. Create a personal access token under Account & Settings, or ask an administrator to enable legacy tokens under Organization, API Tokens Settings.',
    ];
  }
  if (status === 401) {
    return [
      'unauthorized',
      `Label Studio does not accept the token${quoted}. Copy it again from Account & Settings, or create a new one.`,
    ];
  }
  if (status === 403) {
    return [
      'forbidden',
      `Label Studio forbids this to the token's user${quoted}. Ask an administrator for access to the project.`,
    ];
  }
  if (status === 404) {
    return [
      'not-found',
      `Label Studio at ${base} does not have this${quoted}. Check that it was not deleted and that the address is right.`,
    ];
  }
  if (status === 429) {
    return [
      'too-many-requests',
      `Label Studio asks for fewer requests${quoted}. Wait a minute and try again.`,
    ];
  }
  if (status >= 500) {
    return [
      'server-error',
      `Label Studio failed with status ${status}${quoted}. Try again; if it stays, look into Label Studio's log.`,
    ];
  }
  return [
    'bad-request',
    `Label Studio refused the request with status ${status}${quoted}. Check that its version is 1.20 or newer.`,
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
