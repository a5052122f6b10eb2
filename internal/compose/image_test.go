package compose

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheImage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	text := string(raw)
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(text, -1)
	require.Len(t, from, 3, "a stage that builds, one for backups, and last the one that runs")
	assert.Regexp(t, `^golang:1\.\d+\.\d+-[a-z]+$`, from[0][1])
	assert.Equal(t, "scratch", from[2][1], "nothing but what is copied")
	assert.Equal(t, project(t).Services["postgresql"].Image, from[1][1], "an older pg_dump could not read the server")
	assert.Equal(t, 2, strings.Count(text, "\nUSER 65532:65532\n"), "neither runs as root")
	assert.Contains(t, text, "CGO_ENABLED=0", "there is no C library to link to")
	assert.Contains(t, text, "\nUSER 65532:65532\n")
	assert.Contains(t, text, "ca-certificates.crt")
	assert.Contains(t, text, "zoneinfo.zip")

	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	language := regexp.MustCompile(`(?m)^go (1\.\d+)`).FindSubmatch(module)
	require.NotNil(t, language)
	assert.True(t, strings.HasPrefix(from[0][1], "golang:"+string(language[1])+"."), "%s builds a module of Go %s", from[0][1], language[1])
}

// TestTheImageHasEveryFolder: a volume takes over the owner of the folder it is put over, and only then can our user
// write there.
func TestTheImageHasEveryFolder(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	p := project(t)
	for _, name := range ours {
		for _, v := range p.Services[name].Volumes {
			folder, below := strings.CutPrefix(v.Target, "/var/lib/shiming/")
			require.True(t, below, "%s: %s", name, v.Target)
			assert.Contains(t, string(raw), "/out/data/"+folder, name)
		}
	}
}

// TestTheBuildSeesNoSecret: what is not named is not sent to the engine.
func TestTheBuildSeesNoSecret(t *testing.T) {
	t.Parallel()
	var rules []string
	for line := range lines(t, "../../.dockerignore") {
		if line != "" && !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
	}
	require.NotEmpty(t, rules)
	assert.Equal(t, "*", rules[0])
	for _, r := range rules {
		assert.NotContains(t, r, ".env")
		assert.NotContains(t, r, "secrets")
	}
}
