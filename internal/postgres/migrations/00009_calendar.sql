-- +goose Up

-- The calendars that workers count by, in the order in which they were first seen. The newest that a living worker has is
-- the one in force.
create table calendars (
  version    text primary key,            -- made of the days, so that the same calendar has the same
  words      text not null,               -- which notices it has
  introduced bigint generated always as identity
);
create table calendar_workers (
  holder  text primary key,
  version text not null references calendars (version),
  seen_at timestamptz not null
);

-- Each time that another calendar came into force, and what it moved.
create table calendar_changes (
  id       bigint generated always as identity primary key,
  version  text not null references calendars (version),
  previous text references calendars (version), -- null: the first that was noted
  begun_at timestamptz not null,
  swept_at timestamptz,                   -- every open deadline was looked at, last then
  told_at  timestamptz                    -- ops was told, or had nothing to be told
);
create table deadline_moves (
  id        bigint generated always as identity primary key,
  change_id bigint not null references calendar_changes (id),
  subject   text not null,                -- registration or clearing
  what      text not null check (what in ('payment_notice', 'deposit_window', 'review', 'clearing_review', 'objection')),
  from_at   timestamptz not null,
  to_at     timestamptz not null,
  told      boolean not null,             -- the date had been announced, so that a notice says the new one
  at        timestamptz not null,
  check (to_at > from_at)
);
create index deadline_moves_change on deadline_moves (change_id);

-- +goose Down
drop table deadline_moves, calendar_changes, calendar_workers, calendars;
