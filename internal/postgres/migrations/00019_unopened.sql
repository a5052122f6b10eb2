-- +goose Up

-- What was handed in for an opening that came to nothing is looked for in the order in which it came.
create index vault_keys_created on vault_keys (created_at, subject);

-- +goose Down
drop index vault_keys_created;
