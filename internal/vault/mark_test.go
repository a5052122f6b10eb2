package vault

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A mark knows the keys it was made with, after a rotation too, and no others: not those with another master, nor with another fingerprint key.
func TestAMarkKnowsItsKeys(t *testing.T) {
	t.Parallel()
	load := func() *Keys {
		path := filepath.Join(t.TempDir(), "keys.json")
		require.NoError(t, GenerateKeyFile(path))
		keys, err := LoadKeys(path)
		require.NoError(t, err)
		return keys
	}
	ours, others := load(), load()
	mark, err := ours.Mark()
	require.NoError(t, err)
	require.NoError(t, mark.Fits(ours))
	require.ErrorIs(t, mark.Fits(others), ErrOtherKeys)
	halfOurs := *others
	halfOurs.fingerprint = ours.fingerprint
	require.ErrorIs(t, mark.Fits(&halfOurs), ErrOtherKeys, "another master")
	halfOurs = *others
	halfOurs.master = ours.master
	require.ErrorIs(t, mark.Fits(&halfOurs), ErrOtherKeys, "another fingerprint key")
}
