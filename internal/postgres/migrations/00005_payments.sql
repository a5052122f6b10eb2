-- +goose Up

-- The bank account that was last refused a payment for the limit: what ops may grant one for. Nothing else of it is kept.
alter table registrations
  add column refused_bank       bytea,    -- keyed fingerprint, as of payments
  add column refused_bank_last4 text,
  add constraint registrations_refused_bank check ((refused_bank is null) = (refused_bank_last4 is null));
alter table payment_grants add column bank_last4 text; -- null: granted before it was kept

-- +goose Down
alter table payment_grants drop column bank_last4;
alter table registrations drop column refused_bank_last4, drop column refused_bank;
