-- +goose Up

-- As before (00003), and now of both accounts that a claim is moved between. Two transactions that could break it together are
-- judged one after the other.
-- +goose StatementBegin
create or replace function active_accounts_are_bound() returns trigger language plpgsql as $$
declare
  account text;
begin
  for account in
    select distinct a from unnest(array[case when tg_op <> 'INSERT' then old.account_id end, case when tg_op <> 'DELETE' then new.account_id end]) a
      where a is not null order by a
  loop
    perform pg_advisory_xact_lock(hashtextextended('active_accounts_are_bound/' || account, 0));
    if exists (select from accounts a where a.account_id = account and a.standing = 'active' and not exists
        (select from identity_claims c where c.account_id = account and c.subject = 'person' and c.bound)) then
      raise exception 'an active account has a bound identity' using errcode = 'check_violation';
    end if;
  end loop;
  return null;
end $$;
-- +goose StatementEnd

-- Emptying the table fires no trigger of a row.
-- +goose StatementBegin
create function claims_of_active_accounts_stay() returns trigger language plpgsql as $$
begin
  if exists (select from accounts where standing = 'active') then
    raise exception 'an active account has a bound identity' using errcode = 'check_violation';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger claims_not_emptied after truncate on identity_claims execute function claims_of_active_accounts_stay();

-- +goose Down
drop trigger claims_not_emptied on identity_claims;
drop function claims_of_active_accounts_stay;
-- +goose StatementBegin
create or replace function active_accounts_are_bound() returns trigger language plpgsql as $$
declare
  account text := case when tg_op = 'DELETE' then old.account_id else new.account_id end;
begin
  if exists (select from accounts a where a.account_id = account and a.standing = 'active' and not exists
      (select from identity_claims c where c.account_id = account and c.subject = 'person' and c.bound)) then
    raise exception 'an active account has a bound identity' using errcode = 'check_violation';
  end if;
  return null;
end $$;
-- +goose StatementEnd
