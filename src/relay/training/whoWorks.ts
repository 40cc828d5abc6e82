import { hostname } from 'node:os';
import { openDatabase } from '../database.ts';
import { Lease } from './lease.ts';

/** Who works the training queue of a home at this moment. */
export async function whoWorks(home: string): Promise<'nobody' | 'this process' | 'another process'> {
  const database = await openDatabase(home);
  try {
    const { rows } = await database.execute("SELECT host, pid FROM leases WHERE name = 'training'");
    const [row] = rows;
    if (row?.host === hostname() && Number(row.pid) === process.pid) return 'this process';
    // Only taking it tells whether its holder is dead.
    const lease = new Lease(database);
    if (!(await lease.take())) return 'another process';
    await lease.release();
    return 'nobody';
  } finally {
    database.close();
  }
}
