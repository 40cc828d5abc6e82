import { addressName } from '../labelstudio/address.ts';
import type { FindAccess } from './training/contracts.ts';

/**
 * What rows about a project or a task are kept under: the same numbers mean something else in another Label
 * Studio. The names of this machine are one; '' while the relay knows no Label Studio.
 */
export async function labelStudioName(findAccess: FindAccess): Promise<string> {
  const access = await findAccess();
  return access === null ? '' : addressName(access.url);
}
