-- +goose Up

alter table clearings
  add column unreachable_at timestamptz;  -- no channel could carry the notice to the account's holder

-- +goose Down
alter table clearings drop column unreachable_at;
