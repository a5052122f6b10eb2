-- +goose Up

-- Since when a run has not taken over what was stored for it. updated_at is no measure of that: whatever touches the row moves it, a
-- contact that is handed in for one. A trigger keeps it, so that a process of the release before does too.
alter table registrations add column unacknowledged_since timestamptz; -- null: it has taken over everything
alter table clearings add column unacknowledged_since timestamptz;
update registrations set unacknowledged_since = updated_at where acknowledged < version;
update clearings set unacknowledged_since = updated_at where acknowledged < version;
-- +goose StatementBegin
create function keep_unacknowledged_since() returns trigger language plpgsql as $$
begin
  if new.acknowledged = new.version then
    new.unacknowledged_since := null;
  elsif tg_op = 'INSERT' then
    new.unacknowledged_since := new.updated_at;
  else
    new.unacknowledged_since := coalesce(old.unacknowledged_since, new.updated_at);
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger registrations_behind before insert or update on registrations for each row execute function keep_unacknowledged_since();
create trigger clearings_behind before insert or update on clearings for each row execute function keep_unacknowledged_since();
alter table registrations add constraint registrations_behind check ((acknowledged < version) = (unacknowledged_since is not null));
alter table clearings add constraint clearings_behind check ((acknowledged < version) = (unacknowledged_since is not null));
drop index registrations_unacknowledged, clearings_unacknowledged;
create index registrations_unacknowledged on registrations (unacknowledged_since) where unacknowledged_since is not null;
create index clearings_unacknowledged on clearings (unacknowledged_since) where unacknowledged_since is not null;
create index registrations_run_missing on registrations (run_missing_since) where run_missing_since is not null;
create index clearings_run_missing on clearings (run_missing_since) where run_missing_since is not null;

-- The list of payments that ops reads, newest first, and the days by which they are added up.
create index payments_newest on payments (requested_at desc, id desc);
create index payments_by_state on payments (state, requested_at desc, id desc);
create index payments_overdue on payments (requested_at desc, id desc) where overdue;
create index payments_ordered on payments (ordered_at) where ordered_at is not null;
create index payments_back on payments (returned_at) where returned_at is not null;

-- How late the outbox is, of each kind: what was never tried, since its time came; what was, since it was left.
create index outbox_untried on outbox (kind, next_at) where attempts = 0;
create index outbox_tried on outbox (kind, created_at) where attempts > 0;

-- +goose Down
drop index outbox_tried, outbox_untried;
drop index payments_back, payments_ordered, payments_overdue, payments_by_state, payments_newest;
drop index clearings_run_missing, registrations_run_missing, clearings_unacknowledged, registrations_unacknowledged;
create index registrations_unacknowledged on registrations (updated_at) where acknowledged < version or run_missing_since is not null;
create index clearings_unacknowledged on clearings (updated_at) where acknowledged < version or run_missing_since is not null;
drop trigger clearings_behind on clearings;
drop trigger registrations_behind on registrations;
drop function keep_unacknowledged_since;
alter table clearings drop constraint clearings_behind, drop column unacknowledged_since;
alter table registrations drop constraint registrations_behind, drop column unacknowledged_since;
