package client_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheClientIsTheDocuments: after a change, `go generate ./internal/contract/client`.
func TestTheClientIsTheDocuments(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the generator")
	}
	out := filepath.Join(t.TempDir(), "client.gen.go")
	run := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../../tools/go.mod", "oapi-codegen",
		"-config", "oapi-codegen.yaml", "-o", out, "../../../docs/openapi.json")
	said, err := run.CombinedOutput()
	require.NoError(t, err, "%s", said)
	want, err := os.ReadFile(out)
	require.NoError(t, err)
	have, err := os.ReadFile("client.gen.go")
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "run: go generate ./internal/contract/client")
}
