create table digests (
  made_at timestamptz primary key default now(),
  entries bigint not null,
  authors bigint not null
);
