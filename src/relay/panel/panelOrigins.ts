import type { Client } from '@libsql/client';
import type { PanelOrigin } from '../../panel/origins.ts';

/** Origins whose pages the user has allowed to show the panel. */
export interface PanelOrigins {
  /** Oldest first. */
  list(): Promise<readonly PanelOrigin[]>;
  /** False: there are too many, and this one was not added. One that is there already stays as it is. */
  allow(origin: string): Promise<boolean>;
  remove(origin: string): Promise<void>;
}

/** All of them stand in one header. */
const mostOrigins = 100;

/** The list, in the relay's database. Origins are to be checked before (`webOrigin`). */
export function panelOrigins(database: Client): PanelOrigins {
  return {
    async list() {
      const { rows } = await database.execute(
        'SELECT origin, added FROM panel_origins ORDER BY added, origin',
      );
      return rows.map((row) => ({ origin: row.origin as string, added: row.added as string }));
    },
    async allow(origin) {
      await database.execute({
        sql: `INSERT INTO panel_origins (origin, added)
              SELECT ?, ? WHERE (SELECT COUNT(*) FROM panel_origins) < ?
              ON CONFLICT DO NOTHING`,
        args: [origin, new Date().toISOString(), mostOrigins],
      });
      const { rows } = await database.execute({
        sql: 'SELECT 1 FROM panel_origins WHERE origin = ?',
        args: [origin],
      });
      return rows.length > 0;
    },
    async remove(origin) {
      await database.execute({ sql: 'DELETE FROM panel_origins WHERE origin = ?', args: [origin] });
    },
  };
}
