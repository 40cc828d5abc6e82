import * as v from 'valibot';
import { LabelStudioError } from './errors.ts';

/**
 * Two kinds of token, told apart by form. A personal access token is a JWT (a refresh token that buys
 * access tokens of 5 minutes); a legacy token is an opaque key that is sent as it is.
 */
export type Token =
  { readonly kind: 'personal'; readonly refresh: string } | { readonly kind: 'legacy'; readonly key: string };

/** Reads what the user pasted. Throws `LabelStudioError` 'bad-token', never with the token in it. */
export function readToken(typed: string): Token {
  // People copy the whole header from the documentation.
  const text = typed.trim().replace(/^(?:authorization:\s*)?(?:token|bearer)\s+/iu, '');
  if (text === '' || /\s/u.test(text)) {
    throw new LabelStudioError(
      'bad-token',
      `The token ${text === '' ? 'is empty' : 'has a blank in it'}. Copy it again from Label Studio, Account & Settings.`,
    );
  }
  return jwtTimes(text) === null ? { kind: 'legacy', key: text } : { kind: 'personal', refresh: text };
}

const payloadSchema = v.object({
  exp: v.optional(v.number()),
  iat: v.optional(v.number()),
});

/** Seconds since 1970 on Label Studio's clock, of a JWT's `iat` and `exp`; null when it is no JWT. */
export function jwtTimes(
  token: string,
): { readonly issuedAt: number | null; readonly expiresAt: number | null } | null {
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) return null;
  const parsed = v.safeParse(payloadSchema, decodeJson(payload));
  if (!parsed.success || decodeJson(header) === null) return null;
  return { issuedAt: parsed.output.iat ?? null, expiresAt: parsed.output.exp ?? null };
}

function decodeJson(base64Url: string): unknown {
  try {
    return JSON.parse(atob(base64Url.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return null;
  }
}
