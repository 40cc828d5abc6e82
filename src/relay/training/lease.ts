import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Client } from '@libsql/client';
import * as v from 'valibot';
import { identify, isAlive } from './executors/processIdentity.ts';

/** An owner who was silent for longer is dead, in milliseconds. */
const EXPIRES = 10_000;

const rowSchema = v.object({
  owner: v.string(),
  host: v.string(),
  pid: v.number(),
  started: v.string(),
  boot: v.string(),
  beat: v.number(),
});

/** Who works the queue of this home: one process at a time, others watch. */
export class Lease {
  /** Changes that only the owner may make name it. */
  readonly owner = randomUUID();
  readonly #database: Client;

  constructor(database: Client) {
    this.#database = database;
  }

  /** True: it is ours. Taken from an owner that is silent for 10 s or whose process is gone. */
  async take(): Promise<boolean> {
    const { rows } = await this.#database.execute("SELECT * FROM leases WHERE name = 'training'");
    const row = rows[0];
    if (row === undefined) return this.#insert();
    const holder = v.parse(rowSchema, { ...row });
    if (holder.owner === this.owner) return this.beat();
    if (!(await isDead(holder))) return false;
    // Somebody else may have found out in the same moment: then the owner is another one by now.
    const { rowsAffected } = await this.#database.execute({
      sql: "DELETE FROM leases WHERE name = 'training' AND owner = ? AND beat = ?",
      args: [holder.owner, holder.beat],
    });
    return rowsAffected === 1 && this.#insert();
  }

  /** Says that we live; false when the lease has gone to somebody else. */
  async beat(): Promise<boolean> {
    const { rowsAffected } = await this.#database.execute({
      sql: "UPDATE leases SET beat = ? WHERE name = 'training' AND owner = ?",
      args: [Date.now(), this.owner],
    });
    return rowsAffected === 1;
  }

  async release(): Promise<void> {
    await this.#database.execute({
      sql: "DELETE FROM leases WHERE name = 'training' AND owner = ?",
      args: [this.owner],
    });
  }

  async #insert(): Promise<boolean> {
    const me = (await identify(process.pid)) ?? { pid: process.pid, started: '', boot: '' };
    const { rowsAffected } = await this.#database.execute({
      sql: `INSERT OR IGNORE INTO leases (name, owner, host, pid, started, boot, beat)
        VALUES ('training', ?, ?, ?, ?, ?, ?)`,
      args: [this.owner, hostname(), me.pid, me.started, me.boot, Date.now()],
    });
    return rowsAffected === 1;
  }
}

async function isDead(holder: v.InferOutput<typeof rowSchema>): Promise<boolean> {
  // In either direction: the clock may have been set back.
  if (Math.abs(Date.now() - holder.beat) > EXPIRES) return true;
  return holder.host === hostname() && !(await isAlive(holder));
}
