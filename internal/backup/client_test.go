package backup

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Everybody may read a command line, and libpq knows nothing of our driver's own settings.
func TestNoPasswordIsOnACommandLine(t *testing.T) {
	t.Parallel()
	address, password, err := forLibpq("postgres://shiming:hun%2Fter2@db:5432/shiming?sslmode=disable&pool_max_conns=8&default_query_exec_mode=exec")
	require.NoError(t, err)
	assert.Equal(t, "postgres://shiming@db:5432/shiming?sslmode=disable", address)
	assert.Equal(t, "hun/ter2", password)
	_, _, err = forLibpq("postgres://u:hunter2@[::1/x")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}
