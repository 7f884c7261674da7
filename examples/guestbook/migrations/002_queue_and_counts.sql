create table review_queue (
  entry bigint primary key references entries on delete cascade,
  queued_at timestamptz not null default now()
);

create table counts (
  what text primary key,
  number bigint not null
);
