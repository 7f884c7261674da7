/**
 * The tables, step by step: what a file lacks of these is run when it is opened. A step that was published is never
 * edited. Times are milliseconds since 1970; secrets are there as hashes only.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE people (
      id TEXT PRIMARY KEY,
      email TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      -- How they came here: owner, invited, or rule (of a provider, which has to hold each time).
      origin TEXT NOT NULL CHECK (origin IN ('owner', 'invited', 'rule')),
      password TEXT,
      last_seen_at INTEGER,
      revoked_at INTEGER
    ) STRICT`,
    `CREATE TABLE identities (
      issuer TEXT NOT NULL,
      subject TEXT NOT NULL,
      way TEXT NOT NULL CHECK (way IN ('github', 'oidc')),
      person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (issuer, subject),
      UNIQUE (issuer, person_id)
    ) STRICT`,
    `CREATE TABLE invitations (
      person_id TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
      hash TEXT NOT NULL UNIQUE,
      invited_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT`,
    `CREATE TABLE owner_links (
      hash TEXT PRIMARY KEY,
      expires_at INTEGER NOT NULL
    ) STRICT`,
    `CREATE TABLE grants (
      id TEXT PRIMARY KEY,
      person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      app TEXT NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('viewer', 'deployer', 'operator', 'manager')),
      expires_at INTEGER,
      granted_at INTEGER NOT NULL,
      granted_by TEXT NOT NULL,
      UNIQUE (person_id, app)
    ) STRICT`,
    "CREATE INDEX grants_by_app ON grants (app)",
    `CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      way TEXT NOT NULL,
      address TEXT NOT NULL,
      network TEXT NOT NULL,
      browser TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_seen_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT`,
    "CREATE INDEX sessions_by_person ON sessions (person_id)",
    `CREATE TABLE tokens (
      id TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      owner_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      app TEXT NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('viewer', 'deployer', 'operator', 'manager')),
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      last_used_at INTEGER
    ) STRICT`,
    "CREATE INDEX tokens_by_owner ON tokens (owner_id)",
    // AUTOINCREMENT keeps the highest number that ever was: an end that was cut off shows.
    `CREATE TABLE audit (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      time INTEGER NOT NULL,
      actor TEXT NOT NULL,
      address TEXT,
      action TEXT NOT NULL,
      app TEXT,
      environment TEXT,
      subject TEXT,
      detail TEXT,
      hash TEXT NOT NULL
    ) STRICT`,
    "CREATE INDEX audit_by_app ON audit (app, id)",
    `CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
    `CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
  ],
];
