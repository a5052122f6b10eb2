package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
)

// seed fills the tables that lists read with n registrations, a second apart, the newest last, in no order of their ids.
// The spread is an unkind one: most are individuals and approved, the newest enterprises are old, few reviews are open
// and those of enterprises come last, and half of what is open is overdue.
func seed(t testing.TB, s *postgres.Store, n int) {
	t.Helper()
	for _, sql := range []string{
		`insert into vault_keys (subject, wrapped) select 'reg_' || md5(i::text), 'x' from generate_series(1, $1::int) i`,
		`insert into vault_items (ref, subject, purpose, sealed) select 'vlt_' || i, 'reg_' || md5(i::text), 'applicant', 'x' from generate_series(1, $1::int) i`,
		`insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, ended_at,
			overdue, applicant_ref, identity, company_proof)
		select 'reg_' || md5(i::text), 'acct-' || i, kind, 'Harbour Light', 'zh-CN', state, 5, at, at, at, at,
			case when state in ('approved', 'rejected', 'withdrawn', 'expired') then at end, state in ('under_review', 'payout_pending') and i % 2 = 0,
			'vlt_' || i, '{"verified": true}', 'pay_' || i
		from (select i, timestamptz '2026-01-01' + i * interval '1 second' as at,
			case when i <= $1::int / 20 then 'enterprise' else 'individual' end as kind,
			case when i % 10 < 7 then 'approved' when i % 100 = 7 then 'rejected' when i % 100 = 8 then 'withdrawn' when i % 100 = 9 then 'expired'
				when i % 10 = 8 then 'under_review' when i % 100 = 19 then 'correction_required' when i <= $1::int / 20 then 'payout_pending' else 'identity_required' end as state
			from generate_series(1, $1::int) i) seeded`,
		`insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, requested_at, notified_at, ordered_at, overdue)
		select 'pay_' || i, 'reg_' || md5(i::text), 'key_' || i, decode(md5(i::text), 'hex'), '0000', 'vlt_' || i, 'x', case when i % 1000 = 0 then 'sent' else 'failed' end,
			at, at, at, i % 2000 = 0 from (select i, timestamptz '2026-01-01' + i * interval '1 second' as at from generate_series(1, $1::int) i) seeded`,
		`insert into payment_grants (bank_fingerprint, bank_last4, registration_id, sealed_reason, granted_by, at)
		select decode(md5('g' || i), 'hex'), '0000', 'reg_' || md5(i::text), 'x', 'ops:chen', timestamptz '2026-01-01' from generate_series(1, $1::int) i`,
		`insert into reports (source, message_id, type, key, body, sealed_for, received_at, registration_id)
		select 'bank', 'msg_' || i, 'transfer.sent', 'key_' || i, 'x', 'reg_' || md5(i::text), timestamptz '2026-01-01', 'reg_' || md5(i::text) from generate_series(1, $1::int) i`,
		`insert into documents (id, subject, slot, sha256, size, content_type, blob_key, at)
		select 'doc_' || i || '_' || slot, 'reg_' || md5(i::text), slot, 'x', 1, 'image/png', 'blob_' || i || '_' || slot, timestamptz '2026-01-01'
		from generate_series(1, $1::int) i, unnest(array['id_card_front', 'id_card_back']) slot`,
		`insert into acts (id, registration_id, act, verification, started_at, finished_at)
		select 'act_' || i || '_' || k, 'reg_' || md5(i::text), 'card', true, timestamptz '2026-01-01', timestamptz '2026-01-01' from generate_series(1, $1::int) i, generate_series(1, 3) k`,
		`insert into timeline (registration_id, sequence, kind, at, event, from_state, to_state, actor)
		select r.id, l.n, r.kind, r.created_at, l.event, l.from_state, l.to_state, 'applicant' from registrations r
		cross join lateral (select row_number() over (order by event) as n, event, from_state, to_state from legal_transitions where kind = r.kind limit 4) l`,
		`insert into events (id, type, registration_id, account_id, sequence, from_state, to_state, at)
		select 'evt_' || id, 'registration.state_changed', registration_id, 'x', sequence, from_state, to_state, at from timeline`,
		`insert into reviews (subject_id, subject_kind, developer_kind, round, submitted_at, due_at, overdue, assignee, snapshot, closed_at)
		select id, 'registration', kind, 1, created_at, created_at + case when kind = 'enterprise' then interval '30 days' else interval '3 days' end, overdue,
			case when state = 'under_review' and right(id, 1) < '8' then 'token:r' || right(id, 1) end, '{}', case when state <> 'under_review' then created_at end
		from registrations where state not in ('identity_required', 'payout_pending')`,
		`insert into vault_keys (subject, wrapped) select 'whe_' || i, 'x' from generate_series(1, 20) i`,
		`insert into webhook_endpoints (id, owner, url, events, secret, created_at)
		select 'whe_' || i, 'token:platform', 'https://example.com', array['registration.state_changed'], 'x', timestamptz '2026-01-01' + i * interval '1 second'
		from generate_series(1, 20) i`,
		`insert into webhook_deliveries (id, endpoint_id, event_id, state, created_at, give_up_at, finished_at)
		select 'whd_' || id, 'whe_' || 1 + sequence % 3, id, 'delivered', at, at, at from events`,
		`insert into webhook_attempts (delivery_id, number, at, duration_ms, status, signature) select id, 1, created_at, 1, 204, 'x' from webhook_deliveries`,
		`insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, data, created_at, accepted_at, refused_at, unsure_at, skipped_at)
		select 'ntc_' || i, 'reg_' || md5(i::text), 'approved/' || i, 'approved', 'email', 'registered', 'zh-CN', '{}', at,
			case when i % 500 > 2 then at end, case when i % 500 = 0 and i % 1000 = 0 then at end, case when i % 500 = 0 and i % 1000 > 0 then at end, case when i % 500 = 1 then at end
		from (select i, timestamptz '2026-01-01' + i * interval '1 second' as at from generate_series(1, $1::int) i) seeded`,
		`analyze`,
	} {
		args := []any{n}
		if !hasParameter(sql) {
			args = nil
		}
		_, err := s.Pool().Exec(t.Context(), sql, args...)
		require.NoError(t, err, sql)
	}
}

func hasParameter(sql string) bool {
	for i := 1; i < len(sql); i++ {
		if sql[i-1] == '$' && sql[i] == '1' {
			return true
		}
	}
	return false
}
