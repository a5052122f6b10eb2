package workflowtest

import (
	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// Individual starts an individual's registration.
func (w *World) Individual(accountID string, n int) *Run {
	w.T.Helper()
	r := w.Start(w.Application(registration.Individual, accountID, n))
	require.Nil(w.T, r.Refused)
	return r
}

// Enterprise starts an enterprise's registration.
func (w *World) Enterprise(accountID string, n int) *Run {
	w.T.Helper()
	r := w.Start(w.Application(registration.Enterprise, accountID, n))
	require.Nil(w.T, r.Refused)
	return r
}

// ProveCard proves an individual's identity by the nth person's card.
func (r *Run) ProveCard(n int) {
	r.w.T.Helper()
	require.Nil(r.w.T, r.Card(Card(n)))
	require.Nil(r.w.T, r.Code(RightCode))
}

// ProveAdministrator has the nth person scan a new session.
func (r *Run) ProveAdministrator(role registration.Role, n int) {
	r.w.T.Helper()
	id, refusal := r.Session(role)
	require.Nil(r.w.T, refusal)
	r.Scan(id, Person(n))
}

// ProveAdministratorIfTold is ProveAdministrator for when the session may be refused.
func (r *Run) ProveAdministratorIfTold(role registration.Role, n int) {
	r.w.T.Helper()
	if id, refusal := r.Session(role); refusal == nil {
		r.Scan(id, Person(n))
	}
}

// ToPayout brings an enterprise to where the nth company's payment is on its way.
func (r *Run) ToPayout(n int) {
	r.w.T.Helper()
	r.ProveAdministrator(registration.LegalRepresentative, n)
	require.Nil(r.w.T, r.Company(Company(n)))
	r.Settle()
	require.Equal(r.w.T, registration.PayoutPending, r.State())
}

// ToDeposit brings an enterprise to where the nth company's money has arrived.
func (r *Run) ToDeposit(n int) {
	r.w.T.Helper()
	r.ToPayout(n)
	r.BankSays("transfer.settled", "")
	require.Equal(r.w.T, registration.DepositRequired, r.State())
}

// ToDetails brings an enterprise to where the nth company is proven.
func (r *Run) ToDetails(n int) {
	r.w.T.Helper()
	r.ToDeposit(n)
	require.Nil(r.w.T, r.Deposit(r.Amount()))
	require.Equal(r.w.T, registration.DetailsRequired, r.State())
}

// ToReview brings either kind to its review, from where its identity and company are proven.
func (r *Run) ToReview(n int) {
	r.w.T.Helper()
	require.Nil(r.w.T, r.SetContact(Contact(n)))
	var role registration.Role
	if given := r.View().Identity.Role; given != nil {
		role = *given
	}
	require.Nil(r.w.T, r.Upload(registration.RequiredSlots(r.App.Kind, role)...))
	require.Nil(r.w.T, r.Submit())
}

// Notices counts the notices of a kind, all channels and mailboxes together.
func (w *World) Notices(kind string) int {
	w.T.Helper()
	return w.Count(`select count(*) from notices where kind = $1`, kind)
}

// Events counts the events of a type that subscribers are told.
func (w *World) Events(kind string) int {
	w.T.Helper()
	return w.Count(`select count(*) from events where type = $1`, kind)
}
