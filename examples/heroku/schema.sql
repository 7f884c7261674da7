-- Safe to run again: each release runs it.
CREATE TABLE IF NOT EXISTS pairs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  digest text NOT NULL DEFAULT encode(digest(now()::text, 'sha256'), 'hex'),
  members integer[] NOT NULL,
  CHECK (icount(members) = 2)
);
