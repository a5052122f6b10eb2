-- +goose Up

-- The notices of an event that are delivered together, by one workflow. A notice without a group is delivered by itself: one of an
-- older release, one that is held, or one that ops had sent again.
alter table notices add column group_id text;
create index notices_group on notices (group_id) where group_id is not null;

-- +goose Down
drop index notices_group;
-- What a release before this one cannot carry: each notice by itself.
insert into outbox (kind, ref, created_at, next_at) select 'notice', n.id, o.created_at, o.next_at
  from outbox o join notices n on n.group_id = o.ref where o.kind = 'notices' on conflict (kind, ref) do nothing;
delete from outbox where kind = 'notices';
alter table notices drop column group_id;
