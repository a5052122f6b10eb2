-- +goose Up

create table clearings (
  id              text primary key,
  contested       boolean not null,       -- asked for by name and ID number alone, naming no account
  account_id      text check (account_id ~ '^[A-Za-z0-9_-]{1,64}$'), -- null: a contested claim that concerns none so far
  registration_id text references registrations (id), -- the one whose identity is to be cleared
  locale          text not null check (locale in ('zh-CN', 'en')),
  state           text not null check (state in ('waiting_eligibility', 'materials_required', 'under_review', 'objection_period',
                    'clearing', 'cleared', 'rejected', 'withdrawn')),
  sequence        bigint not null check (sequence > 0),
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  last_act_at     timestamptz not null,
  state_since     timestamptz not null,
  ended_at        timestamptz,
  last_error      jsonb,
  corrections     jsonb not null default '[]',
  review_round    int not null default 0 check (review_round >= 0),
  approved_by     text[] not null default '{}', -- reviewers, since the last submission
  claim_ref       text not null references vault_items (ref),
  claim_fingerprint bytea not null,       -- the ID number's, as of identity_claims
  claim           jsonb not null,         -- masked
  conditions_ref  text references vault_items (ref), -- as last judged, with evidence
  eligible_at     timestamptz,            -- when time alone will have met them
  objection_until timestamptz,
  objection_provisional boolean not null default false,
  objected_at     timestamptz,
  check (contested or account_id is not null),
  check ((account_id is null) = (registration_id is null)),
  check (state not in ('objection_period', 'clearing', 'cleared') or account_id is not null),
  check (state <> 'objection_period' or objection_until is not null),
  check ((state in ('cleared', 'rejected', 'withdrawn')) = (ended_at is not null))
);
create unique index clearings_one_running on clearings (account_id) where ended_at is null;
create index clearings_by_account on clearings (account_id, created_at desc);
create trigger clearings_guard before update on clearings for each row execute function registrations_guard();

create table clearing_timeline (
  id              bigint generated always as identity primary key,
  clearing_id     text not null references clearings (id),
  sequence        bigint,                 -- null: something seen, not a transition
  kind            text not null default 'clearing' check (kind = 'clearing'),
  at              timestamptz not null,
  event           text not null,
  from_state      text not null,
  to_state        text not null,
  actor           text not null,
  transition_from text generated always as (case when sequence is not null then from_state end) stored,
  foreign key (kind, transition_from, event, to_state) references legal_transitions (kind, from_state, event, to_state)
);
create unique index clearing_timeline_sequence on clearing_timeline (clearing_id, sequence);
create index clearing_timeline_clearing on clearing_timeline (clearing_id, id);

-- The right to object, by the single-use link of the notice. The token itself is sealed until it is used or over.
create table objections (
  clearing_id text primary key references clearings (id),
  token       bytea not null unique,      -- keyed fingerprint
  token_ref   text references vault_items (ref),
  created_at  timestamptz not null,
  closed_at   timestamptz,                -- used, or the period is over
  used        boolean not null default false,
  check ((token_ref is null) = (closed_at is not null)),
  check (not used or closed_at is not null)
);

-- An active account has a verified person, whatever anybody writes.
-- +goose StatementBegin
create function active_accounts_are_bound() returns trigger language plpgsql as $$
declare
  account text := case when tg_op = 'DELETE' then old.account_id else new.account_id end;
begin
  if exists (select from accounts a where a.account_id = account and a.standing = 'active' and not exists
      (select from identity_claims c where c.account_id = account and c.subject = 'person' and c.bound)) then
    raise exception 'an active account has a bound identity' using errcode = 'check_violation';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create constraint trigger accounts_bound after insert or update on accounts deferrable initially deferred
  for each row execute function active_accounts_are_bound();
create constraint trigger claims_bound after update or delete on identity_claims deferrable initially deferred
  for each row execute function active_accounts_are_bound();

-- +goose Down
drop trigger claims_bound on identity_claims;
drop trigger accounts_bound on accounts;
drop function active_accounts_are_bound;
drop table objections, clearing_timeline, clearings;
