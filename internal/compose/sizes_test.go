package compose

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/config"
)

// container is what a service's process may use, as the process sees it.
func container(s types.ServiceConfig) config.Machine {
	limits := s.Deploy.Resources.Limits
	return config.Machine{Cores: int(limits.NanoCPUs), Memory: int64(limits.MemoryBytes), Bounded: true}
}

func TestTheWorkersSizesFitItsContainer(t *testing.T) {
	t.Parallel()
	worker := project(t).Services["worker"]
	cfg, _ := config.From[config.Worker](environment(worker)) // what is missing are files
	fitted := cfg.Fit(container(worker))
	assert.Empty(t, fitted.Misfits(container(worker)))
	assert.Positive(t, fitted.CachedRuns)
	fitted.CachedRuns = 10_000 // the SDK's own
	assert.NotEmpty(t, fitted.Misfits(container(worker)), "a worker that keeps as many runs is killed")
}

// TestTheDatabaseHasRoomForEverybody, also while the processes of a new release start beside those of the old one.
func TestTheDatabaseHasRoomForEverybody(t *testing.T) {
	t.Parallel()
	p := project(t)
	allowed := 0
	for _, word := range p.Services["postgresql"].Command {
		if m := regexp.MustCompile(`^max_connections=(\d+)$`).FindStringSubmatch(word); m != nil {
			allowed = number(t, m[1])
		}
	}
	const (
		superusers = 3 // superuser_reserved_connections, as it comes
		services   = 4 // frontend, history, matching and worker of Temporal, each with connections of its own
		byHand     = 10
	)
	temporal := environment(p.Services["temporal"])
	engine := services * (number(t, temporal["SQL_MAX_CONNS"]) + number(t, temporal["SQL_VIS_MAX_CONNS"]))
	worker, _ := config.From[config.Worker](environment(p.Services["worker"]))
	api, _ := config.From[config.API](environment(p.Services["api"]))
	ours := worker.Fit(container(p.Services["worker"])).Connections + api.Pool(container(p.Services["api"]))
	assert.Equal(t, 46, ours, "docker-compose.yml says so")
	assert.LessOrEqual(t, superusers+engine+2*ours+byHand, allowed)
}

func number(t *testing.T, digits string) int {
	t.Helper()
	n, err := strconv.Atoi(digits)
	require.NoError(t, err)
	return n
}
