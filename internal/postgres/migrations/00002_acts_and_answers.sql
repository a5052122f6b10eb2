-- +goose Up

alter table acts
  add column input_ref text,              -- what was handed in, until the act is done
  add column refusal   jsonb;             -- how it ended; null: well, or not yet
alter table idempotency
  add column answered_at timestamptz;     -- an answer that is not kept is still given to who waited for it

-- +goose Down
alter table idempotency drop column answered_at;
alter table acts drop column refusal, drop column input_ref;
