-- +goose Up

-- Masks of resident IDs show the first and the last character only.
update registrations set identity = jsonb_set(identity, '{id_number}',
    to_jsonb(regexp_replace(identity ->> 'id_number', '^(.)..\*{11}...(.)$', '\1****************\2')))
  where identity ->> 'id_number' ~ '^...\*{11}....$';
update clearings set claim = jsonb_set(claim, '{id_number}',
    to_jsonb(regexp_replace(claim ->> 'id_number', '^(.)..\*{11}...(.)$', '\1****************\2')))
  where claim ->> 'id_number' ~ '^...\*{11}....$';
update reviews set snapshot = jsonb_set(snapshot, '{identity,id_number}',
    to_jsonb(regexp_replace(snapshot #>> '{identity,id_number}', '^(.)..\*{11}...(.)$', '\1****************\2')))
  where snapshot #>> '{identity,id_number}' ~ '^...\*{11}....$';
update reviews set snapshot = jsonb_set(snapshot, '{claim,id_number}',
    to_jsonb(regexp_replace(snapshot #>> '{claim,id_number}', '^(.)..\*{11}...(.)$', '\1****************\2')))
  where snapshot #>> '{claim,id_number}' ~ '^...\*{11}....$';

-- Who asks is compared with the bound identity once every other condition is met. Until now it was when they asked.
alter table clearings add column compared_at timestamptz; -- null: nobody has been compared
update clearings set compared_at = created_at where not contested;

-- A contested claim keeps nobody from a clearing of their own, nor from registering; and the wallet account is held for one
-- of them at a time.
drop index clearings_one_running;
create unique index clearings_one_running on clearings (account_id) where ended_at is null and not contested;
create unique index clearings_one_hold on clearings (account_id) where hold_open;
create index clearings_claimed on clearings (claim_fingerprint) where ended_at is null;

-- Claims are counted like tries at a card: those that do not match, and those that name no account.
alter table attempts drop constraint attempts_scope_check;
alter table attempts
  alter column account_id drop not null,
  add column caller text,                  -- of the API; of a contested claim, which names no account
  add constraint attempts_scope_check check (scope in ('password', 'mismatch', 'claim', 'contact', 'contest')),
  add constraint attempts_whose check ((account_id is null) = (scope = 'contest') and (caller is null) = (account_id is not null));
create index attempts_caller on attempts (scope, caller, at) where caller is not null;

-- +goose Down
drop index attempts_caller;
delete from attempts where scope in ('claim', 'contact', 'contest');
alter table attempts drop constraint attempts_whose, drop constraint attempts_scope_check;
alter table attempts
  drop column caller,
  alter column account_id set not null,
  add constraint attempts_scope_check check (scope in ('password', 'mismatch'));
drop index clearings_claimed, clearings_one_hold, clearings_one_running;
update clearings k set account_id = null, registration_id = null where contested and state = 'under_review'
  and exists (select from clearings o where o.account_id = k.account_id and o.id <> k.id and o.ended_at is null);
create unique index clearings_one_running on clearings (account_id) where ended_at is null; -- what is further on must be decided first
alter table clearings drop column compared_at;
-- The digits that the masks showed are gone.
