/** The service's tables. One entry a change, never edited after its release: entry n turns version n into n + 1. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE jobs (
    job TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    priority INTEGER NOT NULL,
    place REAL NOT NULL,
    batch TEXT,
    cell TEXT,
    targets TEXT,
    origin TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    problems TEXT NOT NULL DEFAULT '[]',
    added REAL NOT NULL,
    started REAL,
    ended REAL,
    peak_bytes INTEGER
  ) STRICT;
  CREATE INDEX jobs_by_order ON jobs (state, priority DESC, place);
  CREATE INDEX jobs_by_end ON jobs (ended) WHERE ended IS NOT NULL;
  CREATE INDEX jobs_by_batch ON jobs (batch, ended) WHERE batch IS NOT NULL;

  CREATE TABLE documents (
    job TEXT PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    document TEXT NOT NULL
  ) STRICT;

  CREATE TABLE results (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number INTEGER NOT NULL,
    node TEXT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (job, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE node_runs (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number INTEGER NOT NULL,
    node TEXT NOT NULL,
    type TEXT NOT NULL,
    work TEXT,
    device TEXT,
    flops REAL NOT NULL,
    steps INTEGER,
    seconds REAL NOT NULL,
    peak_bytes INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    PRIMARY KEY (job, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX node_runs_by_work ON node_runs (work, device) WHERE work IS NOT NULL;
  CREATE INDEX node_runs_by_type ON node_runs (type, device, flops) WHERE cached = 0;

  CREATE TABLE journal (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    path TEXT,
    dirty INTEGER NOT NULL,
    changed REAL NOT NULL,
    document TEXT NOT NULL
  ) STRICT;

  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];
