package postgres_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// TestRunningClaimsKeepTheirApprovers when a release that forgot them is replaced: who approved before an objection does not
// decide over it, and a first approval, whose name may have been two people's, is given anew.
func TestRunningClaimsKeepTheirApprovers(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	ids := map[string]string{}
	for n, name := range []string{"approved once", "objected to", "corrected, then objected to", "withdrawn"} {
		w.ApproveIndividual(fmt.Sprint("acct-", n), n+1)
		r := w.Contest(n + 1)
		r.ToReview()
		ids[name] = r.Clearing.ClearingID
		if name == "corrected, then objected to" {
			require.Nil(t, r.ApproveAs("reviewer-3"))
			require.Nil(t, r.Reject(registration.DocumentField(registration.Handheld)))
			require.Nil(t, r.Upload(registration.Handheld))
			require.Nil(t, r.Submit())
		}
		require.Nil(t, r.ApproveAs("reviewer-1"))
		if name != "approved once" {
			require.Nil(t, r.ApproveAs("reviewer-2"))
			require.True(t, r.Object(r.Token()))
		}
		if name == "withdrawn" {
			require.Nil(t, r.Withdraw())
			continue
		}
		r.Abandon() // its row stays as it stands
	}
	db := stdlib.OpenDBFromPool(w.Store.Pool())
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"))
	require.NoError(t, err)
	const before = 10
	_, err = provider.DownTo(t.Context(), before)
	require.NoError(t, err)
	approved := func(name string) []string {
		t.Helper()
		return w.Strings(`select unnest(approved_by) from clearings where id = $1`, ids[name])
	}
	require.Empty(t, approved("objected to"), "as the release before kept it")
	_, err = provider.Up(t.Context())
	require.NoError(t, err)
	for name, want := range map[string]struct {
		by      []string
		earlier int
	}{
		"approved once":               {[]string{}, 0},
		"objected to":                 {[]string{"reviewer-1", "reviewer-2"}, 2},
		"corrected, then objected to": {[]string{"reviewer-1", "reviewer-2"}, 2},
	} {
		assert.Equal(t, want.by, approved(name), name)
		assert.Equal(t, want.earlier, w.Count(`select approved_earlier from clearings where id = $1`, ids[name]), name)
	}
}
