-- +goose Up

-- The wallet was asked to forget the identity. It may have: there is no way back but through, whatever becomes of the run.
alter table clearings add column forgetting boolean not null default false;

-- +goose Down
alter table clearings drop column forgetting;
