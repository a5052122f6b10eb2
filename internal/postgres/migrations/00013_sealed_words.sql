-- +goose Up

-- What people wrote is sealed. The columns that held it in clear are emptied at start, by the first process of this release that
-- has the keys (words that older releases wrote are sealed then), and nothing is written to them any more.
alter table notices
  add column about      text,              -- a registration, a clearing, or of a finding whatever it is about
  add column account_id text,
  add column sealed     bytea,             -- what it tells
  add column sealed_for text,              -- whose key: a registration's, a clearing's, or everybody's
  alter column data drop not null,         -- emptied
  add constraint notices_tell check (data is not null or sealed is not null and sealed_for is not null and about is not null and account_id is not null);
alter table payment_grants
  add column sealed_reason bytea,
  alter column reason drop not null;       -- emptied
alter table notice_words
  add column sealed_reason bytea,
  add column sealed_for    text,
  alter column reason drop not null;       -- emptied
alter table findings
  add column sealed_reason bytea,
  add column sealed_for    text; -- reason: the reconciler's own, a person's emptied

-- In reviews.reasons and in corrections each message is sealed by itself, as "words" of its field and code.

-- What is still in clear is found at once, also where nothing is.
create index notices_plain on notices (id) where data is not null;
create index reviews_plain on reviews (subject_id, round) where jsonb_path_exists(reasons, '$[*] ? (@.message != "")');
create index registrations_plain on registrations (id) where jsonb_path_exists(corrections, '$[*] ? (@.message != "")');
create index clearings_plain on clearings (id) where jsonb_path_exists(corrections, '$[*] ? (@.message != "")');

-- A refusal that names what is missing quoted reviewers, and what was found at the wallet. Both are kept, sealed, where they belong.
-- +goose StatementBegin
create function without_words(refusal jsonb) returns jsonb language sql immutable as $$
  select jsonb_set(refusal, '{errors}', (select jsonb_agg(case
    when e ->> 'code' = 'unmet' then jsonb_set(e, '{message}', '"该条件未满足。"')
    when e ->> 'code' in ('unreadable', 'mismatch', 'expired', 'incomplete', 'not_accepted')
      or e ->> 'code' = 'other' and e ->> 'message' not in ('银行未能入账。', 'The bank could not credit the account.')
      then jsonb_set(e, '{message}', '"请按审核意见更正。"')
    else e end order by n) from jsonb_array_elements(refusal -> 'errors') with ordinality as t (e, n)))
$$;
-- +goose StatementEnd
update acts set refusal = without_words(refusal) where jsonb_path_exists(refusal, '$.errors[*].code');
update registrations set last_error = without_words(last_error) where jsonb_path_exists(last_error, '$.errors[*].code');
update clearings set last_error = without_words(last_error) where jsonb_path_exists(last_error, '$.errors[*].code');
drop function without_words;

-- +goose Down
-- What was sealed cannot be opened without the keys: it is lost.
drop index clearings_plain, registrations_plain, reviews_plain, notices_plain;
alter table findings drop column sealed_for, drop column sealed_reason;
update notice_words set reason = '' where reason is null;
alter table notice_words alter column reason set not null, drop column sealed_for, drop column sealed_reason;
update payment_grants set reason = '' where reason is null;
alter table payment_grants alter column reason set not null, drop column sealed_reason;
update notices set data = jsonb_build_object('RegistrationID', coalesce(about, ''), 'AccountID', coalesce(account_id, '')) where data is null;
alter table notices drop constraint notices_tell, alter column data set not null, drop column sealed_for, drop column sealed, drop column account_id, drop column about;
