package stacktest_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
)

func TestMain(m *testing.M) {
	stacktest.Main(m, stacktest.WithTemporal(devstack.TemporalOptions{
		Namespace: "tests", SearchAttributes: map[string]string{"State": "Keyword"},
	}))
}

var migrations atomic.Int32

func migrate(ctx context.Context, url string) error {
	migrations.Add(1)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "create table seen (by int primary key)")
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func exec(t *testing.T, url, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close(context.Background())) })
	_, err = conn.Exec(t.Context(), sql)
	return err
}

// Each test writes the same key: only a database of its own lets it.
func TestDatabasesAreIsolatedAndMigratedOnce(t *testing.T) {
	t.Parallel()
	t.Run("group", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				require.NoError(t, exec(t, stacktest.Database(t, migrate), "insert into seen values (1)"))
			})
		}
	})
	assert.EqualValues(t, 1, migrations.Load())
}

func TestDatabaseIsDroppedAndMayBeEmpty(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("inner", func(t *testing.T) {
		url = stacktest.Database(t, nil)
		require.ErrorContains(t, exec(t, url, "select * from seen"), "does not exist")
	})
	_, err := pgx.Connect(t.Context(), url)
	require.ErrorContains(t, err, "does not exist")
}

func TestTemporalIsShared(t *testing.T) {
	t.Parallel()
	for range 2 {
		t.Run("x", func(t *testing.T) {
			t.Parallel()
			run, err := stacktest.Temporal(t).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: stacktest.TaskQueue(t)}, "none")
			require.NoError(t, err)
			assert.NotEmpty(t, run.GetRunID())
			assert.Equal(t, "tests", stacktest.TemporalEndpoint(t).Namespace)
		})
	}
	one, two := stacktest.TaskQueue(t), stacktest.TaskQueue(t)
	assert.NotEqual(t, one, two)
}
