package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/workflows/workflowtest"
)

const unbound = "an active account has a bound identity"

// Whatever anybody writes, no approved account is left without the identity it was approved for. Each attempt is a transaction of
// its own, judged at its commit.
func TestNoApprovedAccountLosesItsIdentity(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-a", 1)
	w.ApproveIndividual("acct-b", 2)
	waiting := w.Individual("acct-c", 3)
	defer waiting.Close()
	waiting.ProveCard(3)
	const a, b, c = `account_id = 'acct-a'`, `account_id = 'acct-b'`, `account_id = 'acct-c'`
	for name, sql := range map[string]string{
		"moved to one that has none":      `update identity_claims set account_id = 'acct-d' where ` + a,
		"moved to one that waits":         `delete from identity_claims where ` + c + `; update identity_claims set account_id = 'acct-c' where ` + a,
		"moved to another approved one":   `delete from identity_claims where ` + b + `; update identity_claims set account_id = 'acct-b' where ` + a,
		"moved on and on":                 `update identity_claims set account_id = 'acct-d' where ` + a + `; update identity_claims set account_id = 'acct-e' where account_id = 'acct-d'`,
		"moved with its registration":     `update identity_claims set account_id = 'acct-d', registration_id = (select registration_id from identity_claims where ` + c + `) where ` + a,
		"taken from the last of two":      `update identity_claims set account_id = 'acct-d' where ` + b,
		"no longer bound":                 `update identity_claims set bound = false where ` + a,
		"made an organisation's":          `update identity_claims set subject = 'organization' where ` + a,
		"deleted":                         `delete from identity_claims where ` + a,
		"all deleted":                     `delete from identity_claims`,
		"the table emptied":               `truncate identity_claims`,
		"the account renamed":             `update accounts set account_id = 'acct-d' where ` + a,
		"an account approved by a stroke": `insert into accounts select 'acct-c', kind, name, 'active', registration_id, updated_at from accounts where ` + a,
	} {
		assert.ErrorContains(t, attempt(t, w, sql), unbound, name)
	}
	for name, sql := range map[string]string{
		"moved and back":                `update identity_claims set account_id = 'acct-d' where ` + a + `; update identity_claims set account_id = 'acct-a' where account_id = 'acct-d'`,
		"exchanged":                     `update identity_claims set subject = 'organization' where ` + b + `; update identity_claims set account_id = 'acct-b' where ` + a + `; update identity_claims set account_id = 'acct-a', subject = 'person' where subject = 'organization'`,
		"one that is not approved":      `update identity_claims set account_id = 'acct-d' where ` + c,
		"an account that is cleared":    `update accounts set standing = 'identity_required' where ` + a + `; delete from identity_claims where ` + a,
		"an account that is gone":       `delete from accounts where ` + b + `; update identity_claims set account_id = 'acct-e' where ` + b,
		"no accounts and no identities": `truncate accounts, identity_claims`,
	} {
		assert.NoError(t, attempt(t, w, sql), name)
	}
}

// attempt commits statements in one transaction and takes back what they have done.
func attempt(t *testing.T, w *workflowtest.World, sql string) error {
	t.Helper()
	tx, err := w.Store.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	for statement := range strings.SplitSeq(sql, ";") {
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			return err
		}
	}
	_, err = tx.Exec(t.Context(), `set constraints all immediate`) // what a commit does
	return err
}

// Two that together would leave an approved account without its identity, and of which neither sees what the other does: one
// comes too late.
func TestTwoCannotTogetherUnbindAnApprovedAccount(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		w := workflowtest.New(t, workflowtest.Monday(), nil)
		w.ApproveIndividual("acct-a", 1)
		_, err := w.Store.Pool().Exec(t.Context(), `update accounts set standing = 'identity_required'`)
		require.NoError(t, err)
		var both [2]pgx.Tx
		for i, sql := range []string{`update accounts set standing = 'active'`, `update identity_claims set account_id = 'acct-d'`} {
			both[i], err = w.Store.Pool().Begin(t.Context())
			require.NoError(t, err)
			defer func() { _ = both[i].Rollback(context.Background()) }()
			_, err = both[i].Exec(t.Context(), sql)
			require.NoError(t, err)
		}
		first, second := both[order[0]], both[order[1]]
		_, err = first.Exec(t.Context(), `set constraints all immediate`) // judged, and not yet committed
		require.NoError(t, err)
		late := make(chan error, 1)
		go func() { late <- second.Commit(context.Background()) }()
		require.Eventually(t, func() bool {
			return w.Count(`select count(*) from pg_locks where locktype = 'advisory' and not granted
				and database = (select oid from pg_database where datname = current_database())`) > 0
		}, 20*time.Second, 10*time.Millisecond, "the second does not wait to be judged")
		require.NoError(t, first.Commit(t.Context()))
		require.ErrorContains(t, <-late, unbound)
	}
}
