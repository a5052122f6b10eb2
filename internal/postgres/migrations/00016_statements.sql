-- +goose Up

-- The days of the bank's statement that are, or were, held against the payments. Days are those of Asia/Shanghai.
create table statement_days (
  day          date primary key,
  asked_at     timestamptz,              -- ops wants it compared now
  asked_by     text,
  compared_at  timestamptz,              -- last, when the statement was had; null: never
  entries      integer not null default 0, -- transfers on the statement
  matched      integer not null default 0, -- of them, those that a payment of ours has
  out_fen      bigint  not null default 0, -- of transfers whose amount is no secret any more
  back_fen     bigint  not null default 0, -- of those of them that came back
  withheld     integer not null default 0, -- transfers whose amount is still to be entered: in no sum
  waiting      integer not null default 0, -- payments that may yet stand on the next day's statement
  next_at      timestamptz,              -- when to look next; null: not any more
  attempts     integer not null default 0, -- in a row that the bank gave no statement
  failing_since timestamptz,
  last_error   text,                     -- what the bank's adapter said, without anybody's data
  check ((asked_at is null) = (asked_by is null)),
  check ((attempts = 0) = (failing_since is null))
);
create index statement_days_due on statement_days (next_at);
create index payments_by_acceptance on payments (accepted_at) where accepted_at is not null;

-- Which payments stand on which day's statement, as of the day's last comparison: what is booked days late is not missed for good,
-- and what goes out again days later is seen to be the second.
create table statement_sightings (
  day        date not null,
  payment_id text not null references payments (id),
  reference  text not null,              -- the bank's, as it may stand in a finding; empty if it gives none
  primary key (day, payment_id, reference)
);
create index statement_sightings_of_payment on statement_sightings (payment_id);

alter table findings
  add column owner      text,            -- the person of ops who takes care
  add column day        date,            -- whose comparison found it
  add column difference bytea;           -- a keyed fingerprint of what was found: the same is not found again once a person has resolved it
create index findings_of_day on findings (day) where day is not null;
-- Two days' differences of one kind about one payment are two.
drop index findings_one_open;
create unique index findings_one_open on findings (kind, subject) where resolved_at is null and day is null;
create unique index findings_one_open_a_day on findings (kind, subject, day) where resolved_at is null and day is not null;
create index findings_by_owner on findings (owner, since desc, id desc) where owner is not null;

-- Why, where a person said it of a finding: the timeline shows it without keeping it twice.
alter table timeline add column finding_id text references findings (id);
alter table clearing_timeline add column finding_id text references findings (id);

-- +goose Down
alter table clearing_timeline drop column finding_id;
alter table timeline drop column finding_id;
drop index findings_one_open_a_day, findings_one_open, findings_by_owner, findings_of_day;
update findings f set resolved_at = now(), resolved_by = 'reconciler', reason = 'another is open of the same'
  where resolved_at is null and exists (select from findings o where o.kind = f.kind and o.subject = f.subject and o.resolved_at is null and o.id < f.id);
create unique index findings_one_open on findings (kind, subject) where resolved_at is null;
alter table findings drop column difference, drop column day, drop column owner;
drop index payments_by_acceptance;
drop table statement_sightings, statement_days;
