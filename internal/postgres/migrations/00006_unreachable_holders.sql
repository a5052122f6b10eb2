-- +goose Up

alter table clearings
  add column unreachable_at timestamptz;  -- no channel could carry the notice to the account's holder

-- Each submission asks the holder by a notice of its own.
update notices n set event_key = n.event_key || '/' || k.review_round from clearings k
  where n.event_key = 'clearing_objection/' || k.id and k.state = 'objection_period';

-- +goose Down
update notices n set event_key = 'clearing_objection/' || k.id from clearings k
  where n.event_key = 'clearing_objection/' || k.id || '/' || k.review_round and k.state = 'objection_period';
alter table clearings drop column unreachable_at;
