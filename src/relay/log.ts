import { destination, pino, type Logger } from 'pino';

/**
 * JSON lines on stderr, quiet unless something is wrong. FORELABEL_LOG=debug shows every request.
 * What could hold a secret is blanked, wherever a careless line would put it.
 */
export function createLog(level = process.env.FORELABEL_LOG ?? 'warn'): Logger {
  const levels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];
  return pino(
    {
      level: levels.includes(level) ? level : 'warn',
      base: null,
      redact: [
        '*.authorization',
        '*.token',
        '*.apiKey',
        'authorization',
        'token',
        'apiKey',
        'headers.cookie',
      ],
    },
    destination({ fd: 2, sync: true }),
  );
}
