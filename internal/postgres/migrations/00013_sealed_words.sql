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

-- +goose Down
-- What was sealed cannot be opened without the keys: it is lost.
alter table findings drop column sealed_for, drop column sealed_reason;
update notice_words set reason = '' where reason is null;
alter table notice_words alter column reason set not null, drop column sealed_for, drop column sealed_reason;
update payment_grants set reason = '' where reason is null;
alter table payment_grants alter column reason set not null, drop column sealed_reason;
update notices set data = jsonb_build_object('RegistrationID', coalesce(about, ''), 'AccountID', coalesce(account_id, '')) where data is null;
alter table notices drop constraint notices_tell, alter column data set not null, drop column sealed_for, drop column sealed, drop column account_id, drop column about;
