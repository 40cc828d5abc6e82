import { describe, expect, test } from 'vitest';
import { jwtTimes, readToken } from '../../../src/labelstudio/token.ts';
import { jwt } from './jwt.ts';

describe('readToken', () => {
  test('a JWT is a personal access token', () => {
    const refresh = jwt({ exp: 200, iat: 100 });
    expect(readToken(` ${refresh}\n`)).toEqual({ kind: 'personal', refresh });
  });

  test.each(['0123456789abcdef0123456789abcdef01234567', 'abc', 'a.b.c', 'not.a-jwt'])(
    '%s is a legacy token',
    (key) => {
      expect(readToken(key)).toEqual({ kind: 'legacy', key });
    },
  );

  test.each(['Token abc', 'Bearer abc', 'Authorization: Token abc'])('takes the header form %j', (typed) => {
    expect(readToken(typed)).toEqual({ kind: 'legacy', key: 'abc' });
  });

  test.each(['', '  ', 'two words'])('refuses %j', (typed) => {
    expect(() => readToken(typed)).toThrow(/Copy it again/u);
  });

  test('never repeats the token', () => {
    expect(() => readToken('secret1 secret2')).toThrow(/^(?!.*secret)/u);
  });
});

describe('jwtTimes', () => {
  test('reads iat and exp', () => {
    expect(jwtTimes(jwt({ exp: 400, iat: 100 }))).toEqual({ issuedAt: 100, expiresAt: 400 });
  });

  test('a JWT may lack both', () => {
    expect(jwtTimes(jwt({}))).toEqual({ issuedAt: null, expiresAt: null });
  });
});
