-- +goose Up

-- What was spent of a day, over all: it never passes its ceiling, whoever spends it. One row a kind and day, so that a payment or
-- a message costs one update.
create table spending (
  kind       text not null check (kind in ('payments', 'sms', 'mails')),
  day_ends   timestamptz not null,        -- 24:00 of the day
  used       bigint not null check (used >= 0),
  high_at    timestamptz,                 -- ops was told that four fifths are used
  ceiling_at timestamptz,                 -- ops was told that all is used
  primary key (kind, day_ends)
);
create index spending_day on spending (day_ends);

-- Whom the messages of an act reach: counted over all accounts, by a keyed fingerprint of the phone or the mailbox.
create table act_addresses (
  act_id  text not null references acts (id) on delete cascade,
  address bytea not null,
  at      timestamptz not null,
  primary key (act_id, address)
);
create index act_addresses_newest on act_addresses (address, at);

-- Every time that ops paused or resumed payments. The newest says how it stands.
create table payout_switches (
  n             bigint generated always as identity primary key,
  id            text not null unique,
  word          text not null check (word in ('pause', 'resume')),
  sealed_reason bytea not null,
  sealed_for    text not null references vault_keys (subject),
  said_by       text not null,
  at            timestamptz not null
);

-- +goose Down
drop table payout_switches, act_addresses, spending;
