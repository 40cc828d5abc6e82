import type { FindAccess } from './training/contracts.ts';

/**
 * What rows about a project or a task are kept under: the same numbers mean something else in another Label
 * Studio. The names of this machine are one; '' while the relay knows no Label Studio.
 */
export async function labelStudioName(findAccess: FindAccess): Promise<string> {
  const access = await findAccess();
  if (access === null) return '';
  const url = new URL(access.url);
  if (/^(?:127(?:\.\d{1,3}){3}|\[::1\])$/u.test(url.hostname)) url.hostname = 'localhost';
  return url.href.replace(/\/+$/u, '');
}
