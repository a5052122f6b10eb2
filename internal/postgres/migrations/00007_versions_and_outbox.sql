-- +goose Up

-- Every commit that the run mirrors raises version; acknowledged is the newest that the run is known to have taken over.
alter table registrations
  add column version           bigint not null default 1 check (version > 0),
  add column acknowledged      bigint not null default 0,
  add column run_id            text,      -- the engine's run that took a step last
  add column run_missing_since timestamptz, -- no run was found for it, first then
  add column held_at           timestamptz, -- its run knows more than this database: nothing is paid
  add constraint registrations_acknowledged check (acknowledged between 0 and version);
alter table clearings
  add column version           bigint not null default 1 check (version > 0),
  add column acknowledged      bigint not null default 0,
  add column run_id            text,
  add column run_missing_since timestamptz,
  add column held_at           timestamptz,
  add column attempt           int not null default 0 check (attempt >= 0), -- to clear; each has a hold of its own
  add column hold_open         boolean not null default false,              -- the newest attempt's hold may still be there
  add constraint clearings_acknowledged check (acknowledged between 0 and version);
create index registrations_unacknowledged on registrations (updated_at) where acknowledged < version or run_missing_since is not null;
create index clearings_unacknowledged on clearings (updated_at) where acknowledged < version or run_missing_since is not null;
create index registrations_open on registrations (id) where ended_at is null;
create index clearings_open on clearings (id) where ended_at is null;

-- +goose StatementBegin
create or replace function registrations_guard() returns trigger language plpgsql as $$
begin
  if old.ended_at is not null and (new.state <> old.state or new.ended_at is distinct from old.ended_at) then
    raise exception 'a final state never changes' using errcode = 'check_violation';
  end if;
  if new.sequence < old.sequence then
    raise exception 'a sequence never falls' using errcode = 'check_violation';
  end if;
  if new.version < old.version or new.acknowledged < old.acknowledged then
    raise exception 'a version never falls' using errcode = 'check_violation';
  end if;
  if new.state <> old.state and (new.sequence = old.sequence or new.version = old.version) then
    raise exception 'a new state needs a new sequence and a new version' using errcode = 'check_violation';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- What another process must do after a transaction: written in it, deleted when it is done. A kind that nobody here knows
-- waits for a release that does.
drop table outbox;
create table outbox (
  id         bigint generated always as identity primary key,
  kind       text not null,
  ref        text not null,
  payload    jsonb,
  version    bigint not null default 0,   -- look and signal: what the run must have taken over
  revision   int not null default 1,      -- rises when the same is asked for again
  created_at timestamptz not null,
  next_at    timestamptz not null,        -- when it is taken next
  attempts   int not null default 0,
  last_error text,                        -- its class, never another side's words
  unique (kind, ref)
);
create index outbox_due on outbox (kind, next_at);

-- What an act is offered to its run with, until when, and whether its caller was told that it is over.
alter table acts
  add column actor      text not null default 'applicant',
  add column role       text not null default '',
  add column expires_at timestamptz not null default 'infinity',
  add column closed_at  timestamptz,      -- answered with 503 or a refusal before it took effect: whatever comes later changes nothing
  add constraint acts_closed check (closed_at is null or finished_at is null);
create index acts_open on acts (expires_at) where finished_at is null and closed_at is null;
drop index acts_processing;
create index acts_processing on acts (registration_id) where deferred and finished_at is null and closed_at is null;

alter table reports add column followed_at timestamptz; -- of a session: its registration has gone where it leads

alter table notices
  add column unknown_tries int not null default 0, -- tries whose outcome nobody knows
  add column unsure_at     timestamptz;            -- it may have been sent: no further try but at ops' word

create index notices_waiting on notices (created_at) where not held and accepted_at is null and refused_at is null and skipped_at is null and unsure_at is null;
create index webhook_deliveries_pending on webhook_deliveries (created_at) where state = 'pending';
create index payments_unanswered on payments (requested_at) where bank_state = 'requested';

-- What could not be mended by itself, for ops.
create table findings (
  id          text primary key,
  kind        text not null,
  subject     text not null,              -- a registration, clearing, payment, notice, delivery or act
  account_id  text not null default '',
  since       timestamptz not null,
  seen_at     timestamptz not null,       -- last
  tried       text not null,              -- what was tried, in words
  told_at     timestamptz,
  resolved_at timestamptz,
  resolved_by text,                       -- a person, or "reconciler" once its cause is gone
  reason      text,
  check ((resolved_at is null) = (resolved_by is null))
);
create unique index findings_one_open on findings (kind, subject) where resolved_at is null;
create index findings_newest on findings (since desc, id desc);

-- Who does what only one process should do at a time.
create table leases (
  name   text primary key,
  holder text not null,
  until  timestamptz not null,
  cursor text not null default ''         -- how far its slow sweep has come
);

-- +goose Down
drop table leases, findings;
drop index payments_unanswered, webhook_deliveries_pending, notices_waiting;
alter table notices drop column unsure_at, drop column unknown_tries;
alter table reports drop column followed_at;
drop index acts_processing, acts_open;
create index acts_processing on acts (registration_id) where deferred and finished_at is null;
alter table acts drop constraint acts_closed, drop column closed_at, drop column expires_at, drop column role, drop column actor;
drop table outbox;
create table outbox (
  id         bigint generated always as identity primary key,
  kind       text not null check (kind in ('notice', 'event', 'signal', 'delivery')),
  ref        text not null,
  payload    jsonb,
  created_at timestamptz not null default now(),
  taken_at   timestamptz
);
create index outbox_waiting on outbox (id) where taken_at is null;
drop index clearings_open, registrations_open, clearings_unacknowledged, registrations_unacknowledged;
-- +goose StatementBegin
create or replace function registrations_guard() returns trigger language plpgsql as $$
begin
  if old.ended_at is not null and (new.state <> old.state or new.ended_at is distinct from old.ended_at) then
    raise exception 'a final state never changes' using errcode = 'check_violation';
  end if;
  if new.sequence < old.sequence then
    raise exception 'a sequence never falls' using errcode = 'check_violation';
  end if;
  if new.state <> old.state and new.sequence = old.sequence then
    raise exception 'a new state needs a new sequence' using errcode = 'check_violation';
  end if;
  return new;
end $$;
-- +goose StatementEnd
alter table clearings drop constraint clearings_acknowledged, drop column hold_open, drop column attempt, drop column held_at,
  drop column run_missing_since, drop column run_id, drop column acknowledged, drop column version;
alter table registrations drop constraint registrations_acknowledged, drop column held_at, drop column run_missing_since, drop column run_id,
  drop column acknowledged, drop column version;
