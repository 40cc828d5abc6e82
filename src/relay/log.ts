import { destination, pino, type DestinationStream, type Logger } from 'pino';

/**
 * JSON lines on stderr, quiet unless something is wrong. FORELABEL_LOG=debug shows every request.
 * What could hold a secret is blanked, wherever a careless line would put it.
 */
export function createLog(
  level = process.env.FORELABEL_LOG ?? 'warn',
  stream: DestinationStream = destination({ fd: 2, sync: true }),
): Logger {
  const levels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];
  return pino(
    {
      level: levels.includes(level) ? level : 'warn',
      base: null,
      redact: [
        '*.authorization',
        '*.token',
        '*.apiKey',
        '*.secret',
        '*.labelStudioApiKey',
        '*.rayToken',
        'authorization',
        'token',
        'apiKey',
        'secret',
        'labelStudioApiKey',
        'rayToken',
        'headers.cookie',
      ],
    },
    stream,
  );
}
