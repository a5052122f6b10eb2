-- +goose Up

-- Who has opened a case or acted for its applicant: they decide nothing about it. A caller is a static token's name, or an
-- OpenID Connect issuer and its subject with a # in between.
create table case_callers (
  subject_id text not null references vault_keys (subject) on delete cascade, -- registration or clearing
  caller     text not null,
  since      timestamptz not null,
  primary key (subject_id, caller)
);

-- Approvals stay when the holder objects or cannot be reached: whoever gave them does not decide again.
alter table clearings add column approved_earlier int not null default 0; -- how many of approved_by were given before that
-- What runs: those who approved since the last rejection count as earlier. A first approval of two is given anew, for its name
-- may be an issuer's subject, who is called otherwise from here on.
update clearings k set approved_by = e.approved, approved_earlier = cardinality(e.approved) - cardinality(k.approved_by) from (
    select v.subject_id, array_agg(v.decided_by order by v.round) as approved from reviews v
    where v.decision = 'approve' and v.round > coalesce((select max(r.round) from reviews r where r.subject_id = v.subject_id and r.decision = 'reject'), 0)
    group by v.subject_id
  ) e
  where e.subject_id = k.id and k.state = 'under_review' and (k.objected_at is not null or k.unreachable_at is not null)
    and cardinality(e.approved) >= cardinality(k.approved_by);
update clearings set approved_by = '{}' where state = 'under_review' and approved_by <> '{}' and objected_at is null and unreachable_at is null;
alter table clearings add constraint clearings_approved check (approved_earlier between 0 and cardinality(approved_by));

-- +goose Down
alter table clearings drop constraint clearings_approved;
update clearings set approved_by = approved_by[approved_earlier + 1:] where state = 'under_review' and approved_earlier > 0;
alter table clearings drop column approved_earlier;
drop table case_callers;
