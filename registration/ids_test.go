package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

func TestIDsAreOpaqueAndNeverAlike(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := NewID("reg")
		assert.Regexp(t, `^reg_[a-z2-7]{26}$`, id)
		assert.False(t, seen[id])
		seen[id] = true
	}
}

// TestIDFrom holds the spelling fast: ids made from a keyed hash must come out the same after an upgrade.
func TestIDFrom(t *testing.T) {
	t.Parallel()
	b := []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	assert.Equal(t, "act_aaisem2ekvthpcezvk54zxpo74", IDFrom("act", b))
	b[15]++
	assert.NotEqual(t, "act_aaisem2ekvthpcezvk54zxpo74", IDFrom("act", b))
}

func TestWorkflowNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "registration/acct-1001", WorkflowID("acct-1001"))
	assert.Equal(t, "payout/pay_1", PayoutWorkflowID("pay_1"))
	assert.Equal(t, "notice/ntc_1", NoticeWorkflowID("ntc_1"))
	assert.Equal(t, "IndividualRegistration", WorkflowOf(Individual))
	assert.Equal(t, "EnterpriseRegistration", WorkflowOf(Enterprise))
}

// TestSearchAttributes: PostgreSQL's visibility store has room for 10 keywords in a namespace.
func TestSearchAttributes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]string{
		"RegistrationState": "Keyword", "DeveloperKind": "Keyword", "WaitingOn": "Keyword", "DueAt": "Datetime", "Overdue": "Bool", "Problem": "Keyword",
	}, SearchAttributes())
}
