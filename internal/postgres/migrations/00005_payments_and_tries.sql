-- +goose Up

-- The bank account that was last refused a payment for the limit: what ops may grant one for. Nothing else of it is kept.
alter table registrations
  add column refused_bank       bytea,    -- keyed fingerprint, as of payments
  add column refused_bank_last4 text,
  add constraint registrations_refused_bank check ((refused_bank is null) = (refused_bank_last4 is null));
alter table payment_grants add column bank_last4 text; -- null: granted before it was kept
drop index payment_grants_bank;
create index payment_grants_bank on payment_grants (bank_fingerprint); -- a used one counts again if its payment came to nothing

-- What we say of a payment that the bank has not answered is no word of the bank's.
alter table payments drop constraint payments_bank_state_check;
alter table payments add constraint payments_bank_state_check
  check (bank_state in ('requested', 'written_off', 'dropped', 'sent', 'settled', 'failed', 'returned'));
update payments set bank_state = 'dropped' where state = 'void' and bank_state = 'failed';
-- A payment that failed can still come back: its applicant is told of each.
update notices n set event_key = 'payment_returned/' || p.id from payments p where n.event_key = 'payment_failed/' || p.id and p.state = 'returned';

alter table notices add column skipped_at timestamptz; -- the contact's mailbox has become the registered one, which has its own copy

alter table attempts add column open_until timestamptz; -- the bank has not answered; until then it counts all the same

-- +goose Down
delete from attempts where open_until is not null;
alter table attempts drop column open_until;
alter table notices drop column skipped_at;
update notices n set event_key = 'payment_failed/' || p.id from payments p where n.event_key = 'payment_returned/' || p.id
  and not exists (select from notices o where o.event_key = 'payment_failed/' || p.id);
update payments set bank_state = 'failed' where bank_state in ('written_off', 'dropped');
alter table payments drop constraint payments_bank_state_check;
alter table payments add constraint payments_bank_state_check check (bank_state in ('requested', 'sent', 'settled', 'failed', 'returned'));
drop index payment_grants_bank;
create index payment_grants_bank on payment_grants (bank_fingerprint) where used_by is null;
alter table payment_grants drop column bank_last4;
alter table registrations drop column refused_bank_last4, drop column refused_bank;
