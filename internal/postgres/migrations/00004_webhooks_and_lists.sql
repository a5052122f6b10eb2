-- +goose Up

-- Who wants to hear of events, and where.
create table webhook_endpoints (
  id            text primary key references vault_keys (subject),
  owner         text not null,            -- the caller that subscribed
  url           text not null,
  events        text[] not null check (cardinality(events) > 0),
  secret        bytea not null,           -- sealed for the endpoint's id
  created_at    timestamptz not null,
  failing_since timestamptz,              -- the first failure since the last success
  disabled_at   timestamptz,
  disabled_for  text check (disabled_for in ('failing', 'gone')),
  check ((disabled_at is null) = (disabled_for is null))
);
create index webhook_endpoints_owner on webhook_endpoints (owner, created_at desc, id desc);
create index webhook_endpoints_events on webhook_endpoints using gin (events) where disabled_at is null;

-- One event for one endpoint. Its body is made of the event's row each time, so it is the same in every try.
create table webhook_deliveries (
  id           text primary key,
  endpoint_id  text not null references webhook_endpoints (id) on delete cascade,
  event_id     text not null references events (id),
  state        text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  round        int not null default 1 check (round > 0), -- rises when the owner asks for it again
  asked        boolean not null default false,           -- by the owner: sent to a disabled endpoint too
  attempts     int not null default 0,
  created_at   timestamptz not null,
  give_up_at   timestamptz not null,
  failed_first timestamptz,               -- the first failure of this round
  finished_at  timestamptz,
  check ((state = 'pending') = (finished_at is null)),
  unique (endpoint_id, event_id)
);
create index webhook_deliveries_newest on webhook_deliveries (endpoint_id, created_at desc, id desc);
create index webhook_deliveries_event on webhook_deliveries (event_id);

create table webhook_attempts (
  delivery_id text not null references webhook_deliveries (id) on delete cascade,
  number      int not null check (number > 0),
  at          timestamptz not null,       -- when it was signed: the webhook-timestamp
  duration_ms int not null,
  status      int,                        -- null: no answer
  error       text,                       -- its class, never the other side's words; null: accepted
  signature   text not null,              -- as sent
  primary key (delivery_id, number)
);

alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check check (kind in ('notice', 'event', 'signal', 'delivery'));

-- Whoever watches a registration is told by the transition's own transaction.
-- +goose StatementBegin
create function timeline_told() returns trigger language plpgsql as $$
begin
  perform pg_notify('shiming_events', new.registration_id);
  return null;
end $$;
-- +goose StatementEnd
create trigger timeline_told after insert on timeline for each row when (new.sequence is not null) execute function timeline_told();

-- Lists. Every query names all columns before the sort, those left open one value after another (listing.go), so that a
-- page costs what it holds, however the rows are spread. The conditions that are always true keep the indexes
-- for fewer filters out of sight of queries with more: the planner sometimes takes one and throws most rows away.
create index registrations_list_all on registrations (created_at desc, id desc) where char_length(id) > 0;
create index registrations_list on registrations (kind, overdue, created_at desc, id desc) where char_length(state) > 0;
create index registrations_list_state on registrations (state, kind, overdue, created_at desc, id desc);
drop index registrations_newest, registrations_by_state, registrations_by_kind, registrations_overdue;
alter table reviews add column developer_kind text check (developer_kind in ('individual', 'enterprise')); -- of a registration
update reviews v set developer_kind = r.kind from registrations r where r.id = v.subject_id;
alter table reviews
  add column list_kind text not null generated always as (coalesce(developer_kind, 'clearing')) stored,
  add constraint reviews_developer check ((subject_kind = 'registration') = (developer_kind is not null));
create index reviews_list on reviews (list_kind, overdue, due_at, subject_id) where closed_at is null and char_length(subject_id) > 0;
create index reviews_list_assignee on reviews (assignee, list_kind, overdue, due_at, subject_id) where closed_at is null;
drop index reviews_open;
create index acts_processing on acts (registration_id) where deferred and finished_at is null;

-- +goose Down
create index reviews_open on reviews (due_at, subject_id) where closed_at is null;
drop index acts_processing, reviews_list_assignee, reviews_list, registrations_list_state, registrations_list, registrations_list_all;
create index registrations_newest on registrations (created_at desc, id desc);
alter table reviews drop column list_kind, drop constraint reviews_developer, drop column developer_kind;
create index registrations_by_state on registrations (state, created_at desc, id desc);
create index registrations_by_kind on registrations (kind, created_at desc, id desc);
create index registrations_overdue on registrations (created_at desc, id desc) where overdue;
drop trigger timeline_told on timeline;
drop function timeline_told;
alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check check (kind in ('notice', 'event', 'signal'));
drop table webhook_attempts, webhook_deliveries, webhook_endpoints;
