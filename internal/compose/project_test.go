package compose

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	composeFile = "../../docker-compose.yml"
	exampleFile = "../../.env.example"
)

// ours are the services that run the product's own image.
var ours = []string{"keys", "migrate", "worker", "api", "sandbox", "backup"}

// oneShot are the services that end once they have done their work.
var oneShot = []string{"databases", "temporal-schema", "temporal-namespace", "temporal-cli", "keys", "migrate", "backup"}

// load reads the file with exactly these variables.
func load(t *testing.T, variables types.Mapping) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions(
		[]string{composeFile}, cli.WithProfiles([]string{"sandbox", "setup", "ops"}), cli.WithEnv(variables.Values()),
		cli.WithDiscardEnvFile,
	)
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

// project is the file as it is loaded after `make .env`.
func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t, filled(t))
	require.NoError(t, err)
	return p
}

// written is the environment of each service as it is written, with its variables in place.
func written(t *testing.T) map[string]map[string]string {
	t.Helper()
	raw, err := os.ReadFile(composeFile)
	require.NoError(t, err)
	var file struct {
		Services map[string]struct{ Environment map[string]string }
	}
	require.NoError(t, yaml.Unmarshal(raw, &file))
	vars := map[string]map[string]string{}
	for name, s := range file.Services {
		vars[name] = s.Environment
	}
	return vars
}

// filled is .env.example with its marked values filled in, as `make .env` does it.
func filled(t *testing.T) types.Mapping {
	t.Helper()
	var text strings.Builder
	fill := ""
	for line := range lines(t, exampleFile) {
		switch {
		case line == "# [random]":
			fill = rand.Text()
		case line == "# [webhook secret]":
			fill = "whsec_" + base64.StdEncoding.EncodeToString([]byte(rand.Text()))
		case strings.HasSuffix(line, "="):
			line += fill
			fill = ""
		}
		text.WriteString(line + "\n")
	}
	variables, err := dotenv.UnmarshalWithLookup(text.String(), nil)
	require.NoError(t, err)
	return variables
}

func lines(t *testing.T, path string) func(yield func(string) bool) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	return func(yield func(string) bool) {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if !yield(s.Text()) {
				return
			}
		}
	}
}
