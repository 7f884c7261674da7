create table entries (
  id bigint generated always as identity primary key,
  author text not null check (length(author) between 1 and 80),
  message text not null check (length(message) between 1 and 2000),
  -- An entry is shown once the worker has looked at it.
  state text not null default 'waiting' check (state in ('waiting', 'shown', 'hidden')),
  written_at timestamptz not null default now()
);
