package compose

import (
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/config"
	"shiming/registration"
)

func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^[a-z0-9/-]+:\d+\.\d+[a-z0-9.-]*$`)
	p := project(t)
	for name, s := range p.Services {
		if slices.Contains(ours, name) {
			require.NotNil(t, s.Build, name)
			assert.Equal(t, map[string]string{"": "shiming:dev", "backup": "shiming-backup:dev"}[s.Build.Target], s.Image, name)
			continue
		}
		assert.Regexp(t, pinned, s.Image, name)
	}
	assert.Regexp(t, `^postgres:17\.`, p.Services["postgresql"].Image)
	assert.Equal(t, p.Services["postgresql"].Image, p.Services["databases"].Image)
	assert.Regexp(t, `^temporalio/server:1\.29\.`, p.Services["temporal"].Image)
	assert.Equal(t, p.Services["temporal-schema"].Image, p.Services["temporal-namespace"].Image)
	assert.Equal(t, p.Services["temporal-schema"].Image, p.Services["temporal-cli"].Image)
	version := strings.TrimPrefix(p.Services["temporal"].Image, "temporalio/server:")
	assert.Contains(t, p.Services["temporal-schema"].Image, "temporalio/admin-tools:"+version, "the schema is the server's")
}

// secret is what a setting's name says when its value must not be read by others.
var secret = regexp.MustCompile(`PASSWORD|PWD|SECRET|API_KEY|ACCESS_KEY|TOKEN|DATABASE_URL`)

func TestNoSecretIsWrittenDown(t *testing.T) {
	t.Parallel()
	looked := 0
	for name, vars := range written(t) {
		for key, value := range vars {
			if secret.MatchString(key) && !strings.HasSuffix(key, "_FILE") {
				assert.Regexp(t, `\$\{[A-Z_]+:\?[^}]+\}`, value, "%s: %s must be a required variable", name, key)
				looked++
			}
		}
	}
	assert.Greater(t, looked, 15)
	for line := range lines(t, exampleFile) {
		key, value, setting := strings.Cut(line, "=")
		if setting && secret.MatchString(key) && !strings.HasSuffix(key, "_PATH") {
			assert.Regexp(t, `^(\$\{SANDBOX_WEBHOOK_SECRET\})?$`, value, "%s has a value in .env.example", key)
		}
	}
}

// TestNoVariableIsThereTwice: the first of two would be filled in by somebody, and the second one count.
func TestNoVariableIsThereTwice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for line := range lines(t, exampleFile) {
		if name, _, setting := strings.Cut(line, "="); setting && !strings.HasPrefix(line, "#") {
			assert.False(t, seen[name], "%s is there twice", name)
			seen[name] = true
		}
	}
	assert.Greater(t, len(seen), 15)
}

// TestEveryRequiredVariable takes one away at a time: the file must not load, and must say which it misses.
func TestEveryRequiredVariable(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(composeFile)
	require.NoError(t, err)
	example := filled(t)
	required := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+):\?`).FindAllStringSubmatch(string(raw), -1) {
		required[m[1]] = true
	}
	assert.Greater(t, len(required), 15)
	for name := range required {
		require.Contains(t, example, name, "not in .env.example")
		without := maps.Clone(example)
		delete(without, name)
		_, err := load(t, without)
		assert.ErrorContains(t, err, name)
		without[name] = ""
		_, err = load(t, without)
		assert.ErrorContains(t, err, name, "an empty value")
	}
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)(:-[^}]*)?\}`).FindAllStringSubmatch(string(raw), -1) {
		if m[1] != "SHIMING_VERSION" { // for releases
			assert.Contains(t, example, m[1], "not in .env.example")
		}
	}
	for name := range example {
		assert.Contains(t, string(raw)+"${COMPOSE_PROFILES", "${"+name, "in .env.example, but used nowhere")
	}
}

// TestSettings: each of our services has every setting it requires, none it does not know, and only files are missing
// here.
func TestSettings(t *testing.T) {
	t.Parallel()
	p := project(t)
	for name, check := range map[string]struct {
		known []string
		read  func(map[string]string) error
	}{
		"worker":  {config.Names[config.Worker](), reads[config.Worker]},
		"api":     {config.Names[config.API](), reads[config.API]},
		"sandbox": {config.Names[config.Sandbox](), reads[config.Sandbox]},
		"migrate": {config.Names[config.Migrate](), reads[config.Migrate]},
		"backup":  {slices.Concat(config.Names[config.Backup](), config.Names[config.Drill](), []string{"TMPDIR"}), reads[config.Backup]},
		"keys":    {nil, func(map[string]string) error { return nil }},
	} {
		given := environment(p.Services[name])
		for key := range given {
			assert.True(t, slices.Contains(check.known, key) || strings.HasPrefix(key, "TEMPORAL_"), "%s: nobody reads %s", name, key)
		}
		if wrong, bad := errors.AsType[*config.Error](check.read(given)); bad {
			for _, problem := range wrong.Problems {
				assert.Contains(t, problem, "_FILE", "%s", name)
			}
		}
	}
}

func reads[T any](vars map[string]string) error {
	_, err := config.From[T](vars)
	return err
}

func environment(s types.ServiceConfig) map[string]string {
	vars := map[string]string{}
	for key, value := range s.Environment {
		if value != nil {
			vars[key] = *value
		}
	}
	return vars
}

func TestEveryProcessIsConfined(t *testing.T) {
	t.Parallel()
	for name, s := range project(t).Services {
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		assert.False(t, s.Privileged, name)
		assert.True(t, s.ReadOnly || name == "temporal" || name == "temporal-ui", "%s may write its own image", name)
		require.NotNil(t, s.Deploy, name)
		require.NotNil(t, s.Deploy.Resources.Limits, name)
		assert.Positive(t, s.Deploy.Resources.Limits.MemoryBytes, name)
		assert.Positive(t, s.Deploy.Resources.Limits.NanoCPUs, name)
		if slices.Contains(ours, name) {
			assert.Equal(t, "65532:65532", s.User, name)
			assert.Empty(t, s.CapAdd, name)
		}
		for _, port := range s.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, "%s: %s is open to the network", name, port.Published)
		}
	}
}

func TestOnlyWhatPeopleUseHasAPort(t *testing.T) {
	t.Parallel()
	var open []string
	for name, s := range project(t).Services {
		if len(s.Ports) > 0 {
			open = append(open, name)
		}
	}
	assert.ElementsMatch(t, []string{"api", "sandbox", "temporal-ui"}, open, "neither engine nor database")
}

// TestWhoReachesDatabaseAndEngine: only who needs to, and neither of the two gets out.
func TestWhoReachesDatabaseAndEngine(t *testing.T) {
	t.Parallel()
	p := project(t)
	on := map[string][]string{}
	for name, s := range p.Services {
		if s.NetworkMode == "none" {
			continue
		}
		require.NotEmpty(t, s.Networks, "%s is on the network that everybody is on", name)
		for network := range s.Networks {
			on[network] = append(on[network], name)
		}
	}
	for network, who := range map[string][]string{
		"data":    {"postgresql", "databases", "temporal-schema", "temporal", "migrate", "worker", "api", "backup"},
		"engine":  {"temporal", "temporal-namespace", "temporal-cli", "temporal-ui", "worker", "api", "backup"},
		"outside": {"worker", "api", "sandbox"},
		"people":  {"temporal-ui"},
	} {
		assert.ElementsMatch(t, who, on[network], network)
		assert.Equal(t, network == "data" || network == "engine", p.Networks[network].Internal, "%s has a way out, or none", network)
	}
	assert.Len(t, on, 4)
	assert.Equal(t, "none", p.Services["keys"].NetworkMode)
	for name, s := range p.Services {
		if len(s.Ports) == 0 {
			continue
		}
		open := false // an engine publishes no port of a service that is on internal networks only
		for network := range s.Networks {
			open = open || !p.Networks[network].Internal
		}
		assert.True(t, open, name)
	}
}

// TestTheUIIsReadOnly unless somebody opens it.
func TestTheUIIsReadOnly(t *testing.T) {
	t.Parallel()
	readOnly := func(variables types.Mapping) string {
		p, err := load(t, variables)
		require.NoError(t, err)
		return environment(p.Services["temporal-ui"])["TEMPORAL_DISABLE_WRITE_ACTIONS"]
	}
	variables := filled(t)
	assert.Equal(t, "true", readOnly(variables))
	variables["TEMPORAL_UI_READ_ONLY"] = "false"
	assert.Equal(t, "false", readOnly(variables))
	delete(variables, "TEMPORAL_UI_READ_ONLY")
	assert.Equal(t, "true", readOnly(variables), "by default too")
}

func TestLifeOfProcesses(t *testing.T) {
	t.Parallel()
	for name, s := range project(t).Services {
		if slices.Contains(oneShot, name) {
			assert.Nil(t, s.HealthCheck, name)
			assert.NotEqual(t, "unless-stopped", s.Restart, name)
			continue
		}
		assert.Equal(t, "unless-stopped", s.Restart, name)
		require.NotNil(t, s.HealthCheck, name)
		assert.Equal(t, "CMD", s.HealthCheck.Test[0], "%s: our images have no shell", name)
	}
}

// TestDrainFitsTheGracePeriod: a process is killed when its grace period is over.
func TestDrainFitsTheGracePeriod(t *testing.T) {
	t.Parallel()
	p := project(t)
	for name, settings := range map[string][]string{"worker": {"DRAIN_WITHIN"}, "api": {"UNREADY_FOR", "SHUTDOWN_WITHIN"}} {
		var within time.Duration
		for _, setting := range settings {
			part, err := time.ParseDuration(environment(p.Services[name])[setting])
			require.NoError(t, err, setting)
			within += part
		}
		require.NotNil(t, p.Services[name].StopGracePeriod, name)
		assert.Greater(t, time.Duration(*p.Services[name].StopGracePeriod), within+5*time.Second, name)
	}
}

func TestOrderOfStart(t *testing.T) {
	t.Parallel()
	p := project(t)
	for name, needs := range map[string]map[string]string{
		"postgresql":         {},
		"databases":          {"postgresql": types.ServiceConditionHealthy},
		"temporal-schema":    {"databases": types.ServiceConditionCompletedSuccessfully},
		"temporal":           {"temporal-schema": types.ServiceConditionCompletedSuccessfully},
		"temporal-namespace": {"temporal": types.ServiceConditionHealthy},
		"temporal-ui":        {"temporal": types.ServiceConditionHealthy},
		"temporal-cli":       {"temporal": types.ServiceConditionHealthy},
		"keys":               {},
		"migrate":            {"databases": types.ServiceConditionCompletedSuccessfully},
		"worker":             {"migrate": types.ServiceConditionCompletedSuccessfully, "temporal-namespace": types.ServiceConditionCompletedSuccessfully},
		"api":                {"migrate": types.ServiceConditionCompletedSuccessfully, "temporal-namespace": types.ServiceConditionCompletedSuccessfully},
		"sandbox":            {},
		"backup":             {"databases": types.ServiceConditionCompletedSuccessfully},
	} {
		got := map[string]string{}
		for on, d := range p.Services[name].DependsOn {
			got[on] = d.Condition
		}
		assert.Equal(t, needs, got, name)
	}
	assert.Len(t, p.Services, 13)
}

// TestSearchAttributes holds the set-up of the namespace to what the workflows write: one too few blocks them for ever.
func TestSearchAttributes(t *testing.T) {
	t.Parallel()
	script := strings.Join(project(t).Services["temporal-namespace"].Command, "\n")
	got := map[string]string{}
	for _, pair := range regexp.MustCompile(`--type (\w+) --name (\w+)`).FindAllStringSubmatch(script, -1) { // the command pairs them
		got[pair[2]] = pair[1]
	}
	assert.Equal(t, registration.SearchAttributes(), got)
}

// TestScriptsAreShell: every line of a set-up script is checked, and no variable of the shell was taken for one of the
// file's.
func TestScriptsAreShell(t *testing.T) {
	t.Parallel()
	for name, s := range project(t).Services {
		if len(s.Entrypoint) > 0 && s.Entrypoint[0] == "sh" {
			assert.Equal(t, types.ShellCommand{"sh", "-ec"}, s.Entrypoint, name)
			assert.Len(t, s.Command, 1, name)
			assert.NotContains(t, s.Command[0], "$$", name)
		}
	}
	assert.Contains(t, project(t).Services["temporal-schema"].Command[0], "-d $versions/temporal/versioned")
}
