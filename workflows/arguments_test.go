package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// What was handed in with one act is not taken for another, nor what belongs to another registration: an opening that somebody
// copied is no withdrawal, and without an id there is no row that says whose act it is.
func TestArgumentsAreOneActsAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	id := r.App.RegistrationID
	for _, args := range []registration.ActArgs{
		{Act: registration.ActOpen, RegistrationID: id, ActID: "a1"},
		{Act: registration.ActSubmit, RegistrationID: id, ActID: "a2"},
		{Act: "nonsense", RegistrationID: id, ActID: "a3"},
		{Act: registration.ActWithdraw, RegistrationID: id + "x", ActID: "a4"},
		{Act: registration.ActWithdraw, RegistrationID: id},
		{},
	} {
		p := r.Send(registration.ActWithdraw, args)
		r.Wait(p)
		require.ErrorContains(t, p.Err, string(registration.CodeNotFound), "%v", args)
	}
	p := r.Send(registration.ActOpen, registration.ActArgs{Act: registration.ActWithdraw, RegistrationID: id, ActID: "a5"})
	r.Wait(p)
	require.ErrorContains(t, p.Err, string(registration.CodeRegistrationExists))
	require.Equal(t, registration.DetailsRequired, r.State())
	require.Nil(t, r.Withdraw())
}
