/**
 * How the database came to be, in order. What a user's file may already have is never changed: append.
 * A step holds one or more statements, each ended by a semicolon at the end of its line.
 */
export const migrations: readonly string[] = [
  // Training jobs. Columns in JSON are parsed by `training/jobRow.ts`; times are ISO 8601.
  `CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    trigger TEXT NOT NULL,
    label_studio TEXT NOT NULL,
    project INTEGER NOT NULL,
    project_title TEXT NOT NULL,
    request TEXT NOT NULL,
    executor TEXT NOT NULL,
    epochs INTEGER NOT NULL,
    base TEXT NOT NULL,
    model TEXT,
    base_metrics TEXT,
    new_metrics TEXT,
    collected TEXT,
    progress TEXT,
    notes TEXT NOT NULL DEFAULT '[]',
    error TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL,
    started TEXT,
    ended TEXT,
    queued TEXT NOT NULL,
    stage TEXT NOT NULL DEFAULT 'collecting',
    step TEXT,
    restarts INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX jobs_by_revision ON jobs (revision);
  CREATE INDEX jobs_by_state ON jobs (state, queued);`,

  // Counts every change of a job, so that other processes see what is new; and who works the queue.
  `CREATE TABLE job_revision (value INTEGER NOT NULL) STRICT;
  INSERT INTO job_revision (value) VALUES (0);
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    boot TEXT NOT NULL,
    beat INTEGER NOT NULL
  ) STRICT;`,

  // Projects of a Label Studio, and raw detections by task and model version (JSON, as `training/api.ts` has them).
  `CREATE TABLE project_settings (
    label_studio TEXT NOT NULL,
    project INTEGER NOT NULL,
    model TEXT,
    train_every INTEGER NOT NULL,
    annotations INTEGER NOT NULL,
    threshold REAL,
    take_new_model INTEGER NOT NULL,
    PRIMARY KEY (label_studio, project)
  ) STRICT;
  CREATE TABLE results (
    label_studio TEXT NOT NULL,
    project INTEGER NOT NULL,
    task INTEGER NOT NULL,
    model TEXT NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    detections TEXT NOT NULL,
    PRIMARY KEY (label_studio, project, task, model)
  ) STRICT;`,

  // By image too: a task may have several, and one may be replaced. The rows are made anew where they are missing.
  `DROP TABLE results;
  CREATE TABLE results (
    label_studio TEXT NOT NULL,
    project INTEGER NOT NULL,
    task INTEGER NOT NULL,
    model TEXT NOT NULL,
    field TEXT NOT NULL,
    address TEXT NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    detections TEXT NOT NULL,
    PRIMARY KEY (label_studio, project, task, model, field)
  ) STRICT;`,

  // A removed job is not shown any more; which project its model belongs to is known still.
  `ALTER TABLE jobs ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;`,

  // Whose pages may show the panel; 'added' is ISO 8601.
  `CREATE TABLE panel_origins (
    origin TEXT PRIMARY KEY,
    added TEXT NOT NULL
  ) STRICT;`,
];
