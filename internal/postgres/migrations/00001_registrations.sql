-- +goose Up

-- Every legal step, written from registration.Table at start; the timeline refers to it, so that an illegal step
-- cannot be stored.
create table legal_transitions (
  kind       text not null,
  from_state text not null,
  event      text not null,
  to_state   text not null,
  primary key (kind, from_state, event, to_state)
);

create table vault_keys (
  subject      text primary key,          -- registration or clearing id
  wrapped      bytea,                     -- data key under the master key; null once destroyed
  created_at   timestamptz not null default now(),
  destroyed_at timestamptz,
  check ((wrapped is null) = (destroyed_at is not null))
);

create table vault_items (
  ref        text primary key,
  subject    text not null references vault_keys (subject),
  purpose    text not null,
  sealed     bytea not null,
  created_at timestamptz not null default now()
);
create index vault_items_subject on vault_items (subject);

create table registrations (
  id             text primary key,
  account_id     text not null check (account_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  kind           text not null check (kind in ('individual', 'enterprise')),
  name           text not null check (char_length(name) between 2 and 50),
  locale         text not null check (locale in ('zh-CN', 'en')),
  state          text not null,
  sequence       bigint not null check (sequence > 0),
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  last_act_at    timestamptz not null,
  state_since    timestamptz not null,
  ended_at       timestamptz,
  due_at         timestamptz,
  due_provisional boolean not null default false,
  overdue        boolean not null default false,
  last_error     jsonb,
  corrections    jsonb not null default '[]',
  review_round   int not null default 0 check (review_round >= 0),
  applicant_ref  text not null references vault_items (ref),
  identity_ref   text references vault_items (ref),
  company_ref    text references vault_items (ref),
  contact_ref    text references vault_items (ref),
  binding        jsonb,                   -- the card binding under way: bank's id, when sent, counts
  identity       jsonb,                   -- masked
  company        jsonb,                   -- masked
  contact        jsonb,                   -- masked
  company_proof  text,                    -- the confirmed payment that proves the company on file
  check (kind = 'individual' and state in ('identity_required', 'card_code_required', 'details_required', 'under_review',
           'correction_required', 'approved', 'rejected', 'withdrawn', 'expired')
      or kind = 'enterprise' and state in ('admin_identity_required', 'company_required', 'payout_pending', 'deposit_required',
           'deposit_failed', 'details_required', 'under_review', 'correction_required', 'approved', 'rejected', 'withdrawn', 'expired')),
  check ((state in ('approved', 'rejected', 'withdrawn', 'expired')) = (ended_at is not null)),
  check (state not in ('under_review', 'approved') or (identity ->> 'verified')::boolean is true),
  check (kind = 'individual' or state not in ('under_review', 'approved') or company_proof is not null)
);
create unique index registrations_one_running on registrations (account_id) where ended_at is null;
create index registrations_newest on registrations (created_at desc, id desc);
create index registrations_by_state on registrations (state, created_at desc, id desc);
create index registrations_by_kind on registrations (kind, created_at desc, id desc);
create index registrations_overdue on registrations (created_at desc, id desc) where overdue;
create index registrations_by_account on registrations (account_id, created_at desc);

create table accounts (
  account_id      text primary key,
  kind            text not null check (kind in ('individual', 'enterprise')),
  name            text not null,
  standing        text not null check (standing in ('active', 'identity_required', 'rejected')),
  registration_id text not null references registrations (id),
  updated_at      timestamptz not null
);

create table timeline (
  id              bigint generated always as identity primary key,
  registration_id text not null references registrations (id),
  sequence        bigint,                 -- null: something seen, not a transition
  kind            text not null,
  at              timestamptz not null,
  event           text not null,
  from_state      text not null,
  to_state        text not null,
  actor           text not null,
  detail          jsonb,
  transition_from text generated always as (case when sequence is not null then from_state end) stored,
  foreign key (kind, transition_from, event, to_state) references legal_transitions (kind, from_state, event, to_state)
);
create unique index timeline_sequence on timeline (registration_id, sequence);
create index timeline_registration on timeline (registration_id, id);

-- One identity, one account, both ways. A claim becomes bound on approval.
create table identity_claims (
  fingerprint     bytea primary key,
  subject         text not null check (subject in ('person', 'organization')),
  account_id      text not null,
  registration_id text not null references registrations (id),
  bound           boolean not null default false,
  claimed_at      timestamptz not null,
  unique (account_id, subject)
);
create index identity_claims_registration on identity_claims (registration_id);

create table admin_sessions (
  session_id      text primary key,       -- the wallet's
  registration_id text not null references registrations (id),
  act_id          text not null unique,
  role            text not null check (role in ('legal_representative', 'authorized_agent')),
  qr_payload      text not null,
  expires_at      timestamptz not null,
  created_at      timestamptz not null,
  current         boolean not null default true
);
create unique index admin_sessions_current on admin_sessions (registration_id) where current;

create table payments (
  id               text primary key,
  registration_id  text not null references registrations (id),
  key              text not null unique,  -- the idempotency key the bank knows it by, made before the bank is called
  bank_fingerprint bytea not null,
  bank_last4       text not null,
  company_ref      text not null references vault_items (ref),
  amount           bytea not null,        -- sealed; integer fen inside
  state            text not null check (state in ('requested', 'sent', 'settled', 'confirmed', 'failed', 'returned', 'void')),
  bank_state       text not null default 'requested' check (bank_state in ('requested', 'sent', 'settled', 'failed', 'returned')),
  attempts_left    smallint not null default 3 check (attempts_left between 0 and 3),
  requested_at     timestamptz not null,
  notified_at      timestamptz,
  ordered_at       timestamptz,           -- before the bank is first called
  accepted_at      timestamptz,           -- the bank took it: from here it counts
  settled_at       timestamptz,
  confirmed_at     timestamptz,
  returned_at      timestamptz,
  voided_at        timestamptz,
  expected_by      timestamptz,
  window_closes_at timestamptz,
  window_provisional boolean not null default false,
  remind_at        timestamptz,           -- when to say that the window closes tomorrow; null once said
  failure          text,
  overdue          boolean not null default false,
  check (state <> 'confirmed' or confirmed_at is not null),
  check (state <> 'void' or voided_at is not null),
  check (ordered_at is null or notified_at is not null),
  check (accepted_at is null or ordered_at is not null)
);
create unique index payments_one_open on payments (registration_id) where state in ('requested', 'sent', 'settled');
create index payments_by_bank on payments (bank_fingerprint, requested_at);
create index payments_by_registration on payments (registration_id, requested_at);

create table deposit_entries (
  act_id     text primary key,
  payment_id text not null references payments (id),
  matched    boolean not null,
  at         timestamptz not null
);

-- Ops allows one more payment to a bank account, with a reason.
create table payment_grants (
  id               bigint generated always as identity primary key,
  bank_fingerprint bytea not null,
  registration_id  text not null references registrations (id),
  reason           text not null,
  granted_by       text not null,
  at               timestamptz not null,
  used_by          text unique references payments (id)
);
create index payment_grants_bank on payment_grants (bank_fingerprint) where used_by is null;

-- Reports of bank and wallet, stored before they are acknowledged.
create table reports (
  source      text not null check (source in ('bank', 'wallet', 'ops')),
  message_id  text not null,
  type        text not null,
  key         text not null,              -- payment key or session id
  body        bytea not null,             -- sealed for
  sealed_for  text not null references vault_keys (subject),
  received_at timestamptz not null,
  registration_id text references registrations (id), -- null: nobody's yet, kept for ops
  primary key (source, message_id)
);
create index reports_key on reports (key);
create index reports_unmatched on reports (received_at) where registration_id is null;

create table documents (
  id              text primary key,
  subject         text not null references vault_keys (subject),
  slot            text not null,
  sha256          text not null,
  size            bigint not null check (size > 0),
  content_type    text not null check (content_type in ('image/jpeg', 'image/png', 'application/pdf')),
  blob_key        text not null unique,
  at              timestamptz not null,
  superseded_at   timestamptz
);
create unique index documents_current on documents (subject, slot) where superseded_at is null;

create table reviews (
  subject_id   text not null,             -- registration or clearing
  subject_kind text not null check (subject_kind in ('registration', 'clearing')),
  round        int not null check (round > 0),
  submitted_at timestamptz not null,
  due_at       timestamptz not null,
  due_provisional boolean not null default false,
  overdue      boolean not null default false,
  assignee     text,
  claimed_at   timestamptz,
  decision     text check (decision in ('approve', 'reject')),
  final        boolean,
  decided_by   text,
  decided_at   timestamptz,
  closed_at    timestamptz,               -- decided, or the registration left review otherwise
  reasons      jsonb not null default '[]',
  note         bytea,                     -- sealed
  snapshot     jsonb not null,            -- what was submitted, masked
  primary key (subject_id, round),
  check ((decision is null) = (decided_at is null)),
  check (decision is null or closed_at is not null)
);
create index reviews_open on reviews (due_at, subject_id) where closed_at is null;

create table notices (
  id              text primary key,
  registration_id text references registrations (id),
  event_key       text not null,          -- one notice an event, channel and mailbox
  kind            text not null,
  channel         text not null check (channel in ('email', 'sms')),
  recipient       text not null check (recipient in ('registered', 'contact', 'reviewers', 'ops')),
  locale          text not null,
  data            jsonb not null,         -- no personal data
  held            boolean not null default false, -- the workflow itself sends it; the relay leaves it alone
  created_at      timestamptz not null,
  sending_at      timestamptz,
  accepted_at     timestamptz,
  refused_at      timestamptz,
  provider_id     text,
  unique (event_key, channel, recipient)
);
create index notices_registration on notices (registration_id);

create table events (
  id              text primary key,
  type            text not null,
  registration_id text not null,
  account_id      text not null,
  sequence        bigint not null,
  from_state      text not null,
  to_state        text not null,
  at              timestamptz not null
);
create index events_registration on events (registration_id, sequence);

-- What another process must do after a transaction: written in it, taken by the relay.
create table outbox (
  id         bigint generated always as identity primary key,
  kind       text not null check (kind in ('notice', 'event', 'signal')),
  ref        text not null,
  payload    jsonb,
  created_at timestamptz not null default now(),
  taken_at   timestamptz
);
create index outbox_waiting on outbox (id) where taken_at is null;

create table acts (
  id              text primary key,
  registration_id text not null,
  act             text not null,
  verification    boolean not null,
  started_at      timestamptz not null,
  deferred        boolean not null default false, -- its caller was answered 202
  finished_at     timestamptz
);
create index acts_registration on acts (registration_id, started_at);

create table attempts (
  scope       text not null check (scope in ('password', 'mismatch')),
  account_id  text not null,
  fingerprint bytea,                      -- the card's
  act_id      text not null,
  at          timestamptz not null,
  primary key (scope, act_id)
);
create index attempts_account on attempts (scope, account_id, at);
create index attempts_card on attempts (scope, fingerprint, at);

create table idempotency (
  caller     text not null,
  method     text not null,
  path       text not null,
  key        bytea not null,              -- keyed MAC, like the body's
  body_mac   bytea not null,
  status     int,
  headers    jsonb,
  body       bytea,                       -- sealed
  created_at timestamptz not null default now(),
  locked_until timestamptz not null,
  primary key (caller, method, path, key)
);
create index idempotency_age on idempotency (created_at);

-- +goose StatementBegin
create function registrations_guard() returns trigger language plpgsql as $$
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
create trigger registrations_guard before update on registrations for each row execute function registrations_guard();

-- +goose Down
drop table idempotency, attempts, acts, outbox, events, notices, reviews, documents, reports, payment_grants, deposit_entries,
  payments, admin_sessions, identity_claims, timeline, accounts, registrations, vault_items, vault_keys, legal_transitions;
drop function registrations_guard;
