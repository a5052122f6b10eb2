package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func TestIndividualIsApproved(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Start(w.Application(registration.Individual, "acct-1", 1))
	defer r.Close()
	require.Nil(t, r.Refused)
	require.Nil(t, r.Card(workflowtest.Card(1)))
	require.Equal(t, registration.CardCodeRequired, r.State())
	require.Nil(t, r.Code(workflowtest.RightCode))
	require.Nil(t, r.SetContact(workflowtest.Contact(1)))
	require.Nil(t, r.Upload(registration.IDCardFront, registration.IDCardBack))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
	assert.Equal(t, registration.Approved, r.State())
	r.Settle()
	ended, err := r.Ended()
	require.NoError(t, err)
	assert.True(t, ended)
}

func TestEnterpriseIsApproved(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Start(w.Application(registration.Enterprise, "acct-1", 1))
	defer r.Close()
	require.Nil(t, r.Refused)
	session, refusal := r.Session(registration.LegalRepresentative)
	require.Nil(t, refusal)
	r.Scan(session, workflowtest.Person(1))
	require.Equal(t, registration.CompanyRequired, r.State())
	require.Nil(t, r.Company(workflowtest.Company(1)))
	require.Equal(t, registration.PayoutPending, r.State())
	r.Settle()
	r.BankSays("transfer.sent", "")
	r.BankSays("transfer.settled", "")
	require.Equal(t, registration.DepositRequired, r.State())
	require.Nil(t, r.Deposit(r.Amount()))
	require.Equal(t, registration.DetailsRequired, r.State())
	require.Nil(t, r.SetContact(workflowtest.Contact(2)))
	require.Nil(t, r.Upload(registration.BusinessLicence))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
	assert.Equal(t, registration.Approved, r.State())
}
