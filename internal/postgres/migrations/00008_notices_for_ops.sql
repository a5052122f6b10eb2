-- +goose Up

-- What ops said of notices that had failed, each with its person.
create table notice_words (
  id        bigint generated always as identity primary key,
  notice_id text not null references notices (id),
  word      text not null check (word in ('resend', 'accept')),
  reason    text not null,
  said_by   text not null,
  at        timestamptz not null
);
create index notice_words_notice on notice_words (notice_id);

-- The list that ops reads, newest first: each notice is in the index of its state.
create index notices_sent on notices (created_at desc, id desc) where accepted_at is not null;
create index notices_skipped on notices (created_at desc, id desc) where accepted_at is null and skipped_at is not null;
create index notices_failed on notices (created_at desc, id desc)
  where accepted_at is null and skipped_at is null and (refused_at is not null or unsure_at is not null);
create index notices_unsent on notices (created_at desc, id desc)
  where accepted_at is null and skipped_at is null and refused_at is null and unsure_at is null;

-- +goose Down
drop index notices_unsent, notices_failed, notices_skipped, notices_sent;
drop table notice_words;
