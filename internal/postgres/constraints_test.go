package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// Illegal rows are impossible, should the code ever ask for one. Each statement is refused by the constraint named.
func TestIllegalRowsAreRefused(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	ended := w.Individual("acct-2", 2)
	require.Nil(t, ended.Withdraw())
	ended.Close()
	w.ApproveIndividual("acct-3", 3)
	own := w.Clear("acct-3", 3)
	require.Nil(t, own.Refused)
	own.Close()
	claim := w.Contest(3)
	claim.ToReview()
	claim.Close()
	for sql, constraint := range map[string]string{
		`update registrations set state = 'identity_required', sequence = sequence + 1, version = version + 1 where account_id = 'acct-1'`:             "registrations_check",
		`update registrations set state = 'approved', sequence = sequence + 1, version = version + 1 where account_id = 'acct-1'`:                      "registrations_check1",
		`update registrations set state = 'under_review', sequence = sequence + 1, version = version + 1 where account_id = 'acct-1'`:                  "registrations_check3",
		`update registrations set state = 'under_review', sequence = sequence + 1, version = version + 1, identity = null where account_id = 'acct-1'`: "registrations_check2",
		`update registrations set state = 'details_required' where account_id = 'acct-1'`:                                                              "a new state needs a new sequence",
		`update registrations set sequence = sequence - 1 where account_id = 'acct-1'`:                                                                 "a sequence never falls",
		`update registrations set version = version - 1 where account_id = 'acct-1'`:                                                                   "a version never falls",
		`update registrations set state = 'details_required', sequence = sequence + 1 where account_id = 'acct-1'`:                                     "a new state needs a new sequence and a new version",
		`update registrations set acknowledged = version + 1 where account_id = 'acct-1'`:                                                              "registrations_acknowledged",
		`update registrations set state = 'approved', sequence = sequence + 1, version = version + 1 where account_id = 'acct-2'`:                      "a final state never changes",
		`update registrations set ended_at = now() where account_id = 'acct-2'`:                                                                        "a final state never changes",
		`update payments set state = 'confirmed'`:                                                                                                      "payments_check",
		`update payments set state = 'void'`:        "payments_check1",
		`update payments set notified_at = null`:    "payments_check2",
		`update payments set ordered_at = null`:     "payments_check3",
		`update payments set attempts_left = -1`:    "payments_attempts_left_check",
		`update payments set attempts_left = 4`:     "payments_attempts_left_check",
		`update timeline set to_state = 'approved'`: "timeline_kind_transition_from_event_to_state_fkey",
		`update timeline set event = 'conjured'`:    "timeline_kind_transition_from_event_to_state_fkey",
		`insert into timeline (registration_id, sequence, kind, at, event, from_state, to_state, actor)
			select registration_id, sequence, kind, at, event, from_state, to_state, actor from timeline limit 1`: "timeline_sequence",
		`insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, requested_at)
			select 'pay_2', registration_id, 'shm_2', bank_fingerprint, bank_last4, company_ref, amount, 'requested', requested_at from payments`: "payments_one_open",
		`insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, requested_at)
			select 'pay_2', registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, 'failed', requested_at from payments`: "payments_key_key",
		`insert into identity_claims select fingerprint, subject, 'acct-9', registration_id, bound, claimed_at from identity_claims`: "identity_claims_pkey",
		`insert into identity_claims select 'x', subject, account_id, registration_id, bound, claimed_at from identity_claims`:       "identity_claims_account_id_subject_key",
		`insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, applicant_ref)
			select 'reg_2', account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, applicant_ref
			from registrations where account_id = 'acct-1'`: "registrations_one_running",
		`insert into notices (id, event_key, kind, channel, recipient, locale, data, created_at)
			select 'ntc_2', event_key, kind, channel, recipient, locale, '{}', created_at from notices limit 1`: "notices_event_key_channel_recipient_key",
		`insert into notices (id, event_key, kind, channel, recipient, locale, about, created_at)
			select 'ntc_2', 'another', kind, channel, recipient, locale, about, created_at from notices limit 1`: "notices_tell",
		`insert into reports select * from reports limit 1`:                                                                    "reports_pkey",
		`update clearings set contested = false where contested`:                                                               "clearings_one_running",
		`update clearings set hold_open = true where account_id = 'acct-3'`:                                                    "clearings_one_hold",
		`insert into attempts (scope, account_id, caller, act_id, at) values ('claim', 'acct-3', 'static:shop', 'x', now())`:   "attempts_whose",
		`insert into attempts (scope, act_id, at) values ('contest', 'x', now())`:                                              "attempts_whose",
		`insert into attempts (scope, account_id, caller, act_id, at) values ('contest', 'acct-3', 'static:shop', 'x', now())`: "attempts_whose",
	} {
		_, err := w.Store.Pool().Exec(t.Context(), sql)
		assert.ErrorContains(t, err, constraint, sql)
	}
	assert.Equal(t, registration.DepositRequired, r.State())
	assert.Equal(t, registration.Withdrawn, ended.State())
}
