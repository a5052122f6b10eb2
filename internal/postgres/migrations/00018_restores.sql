-- +goose Up

-- What database and engine know of each other, so that either is noticed to be older than the other. One row.
create table anchor (
  one          boolean primary key default true check (one),
  database_id  uuid not null default gen_random_uuid(),
  mark         bigint not null default 0 check (mark >= 0), -- raised when something was committed since; never falls
  marked_at    timestamptz,               -- a database that is restored was so at this time or later
  work         bigint not null default 0, -- how much had been committed then
  acknowledged bigint not null default 0, -- the newest mark that the engine has kept
  engine_id    text,                      -- of the cluster and the namespace that kept it
  check (acknowledged between 0 and mark)
);
insert into anchor default values;

-- Every time that the database was found to be older than its engine. Nothing is paid and nothing opened until it is over.
create table holds (
  id            text primary key,
  why           text not null,
  since         timestamptz not null,
  restore_point timestamptz not null,     -- what was committed later may be missing
  ended_at      timestamptz,
  ended_by      text,
  sealed_reason bytea,
  sealed_for    text references vault_keys (subject),
  check ((ended_at is null) = (ended_by is null))
);
create unique index holds_one_open on holds ((true)) where ended_at is null;

-- A repair that is repeated does not name again what it has named.
create index findings_of_subject on findings (subject, kind, since);

-- Transfers that the bank's statement has and no payment: they were made by rows that a restore has lost. A payment to such an account
-- is not made until the bank has been shown each of them: it takes over the one that is its own.
create table lost_transfers (
  key           text primary key,
  at            timestamptz not null,     -- when the bank took it
  account_last4 text not null check (account_last4 ~ '^[0-9]{4}$'),
  amount        bytea not null,           -- sealed; integer fen inside
  sealed_for    text not null references vault_keys (subject),
  state         text not null check (state in ('sent', 'settled', 'returned')),
  reference     text not null default '',
  found_at      timestamptz not null,
  adopted_by    text references payments (id), -- by the bank's word
  released_at   timestamptz,              -- by ops: no payment takes it over any more
  released_by   text,
  check ((released_at is null) = (released_by is null)),
  check (adopted_by is null or released_at is null)
);
create index lost_transfers_free on lost_transfers (account_last4) where adopted_by is null and released_at is null;
create unique index lost_transfers_adopted on lost_transfers (adopted_by) where adopted_by is not null;

-- The bank has said that a lost transfer is not what a company, as somebody typed it, asked for. It may be the same company, typed
-- otherwise: only a person can say that it went to another account.
create table lost_transfer_refusals (
  key              text not null references lost_transfers (key),
  details          bytea not null,        -- a fingerprint of all that the bank was shown
  bank_fingerprint bytea not null,        -- of the account number alone
  at               timestamptz not null,
  cleared_at       timestamptz,           -- by ops: it went to another account
  cleared_by       text,
  primary key (key, details),
  check ((cleared_at is null) = (cleared_by is null))
);

-- 'adopted': the payment has the key and the amount of a lost transfer. 'refused': none is what this company asks for, and one may be
-- its all the same; nothing is ordered until a person has judged.
alter table payments add column adoption text check (adoption in ('adopted', 'refused'));

-- Every time that ops had the run of one registration or clearing repaired.
create table repairs (
  id            text primary key,
  subject       text not null,            -- registration or clearing
  done          text not null check (done in ('started', 'told', 'nothing')),
  sealed_reason bytea not null,
  sealed_for    text not null references vault_keys (subject),
  said_by       text not null,
  at            timestamptz not null
);
create index repairs_subject on repairs (subject, at);

-- +goose Down
drop index findings_of_subject;
drop table repairs, lost_transfer_refusals, lost_transfers, holds, anchor;
alter table payments drop column adoption;
