package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func machine(cores int, memory int64) Machine {
	return Machine{Cores: cores, Memory: memory, Bounded: true}
}

// wrong names the sizes that do not fit, each once and in order.
func wrong(c Worker, m Machine) []string {
	var p problems
	fitted := c.Fit(m)
	fitted.into(&p, m)
	names := []string{}
	for _, one := range p {
		if !slices.Contains(names, one.name) {
			names = append(names, one.name)
		}
	}
	return names
}

// The numbers of the table in docs/operations.md ("Sizes").
func TestSizesFollowFromTheMachine(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		machine Machine
		want    FittedWorker
		api     int
	}{
		{machine(2, 512*MiB), FittedWorker{Sizes{WorkflowTaskSlots: 64, LocalActivitySlots: 16, ActivitySlots: 50, Pollers: 8, CachedRuns: 2835}, 28}, 18},
		{machine(8, 2048*MiB), FittedWorker{Sizes{WorkflowTaskSlots: 128, LocalActivitySlots: 32, ActivitySlots: 200, Pollers: 16, CachedRuns: 10_000}, 44}, 50},
		{machine(32, 8192*MiB), FittedWorker{Sizes{WorkflowTaskSlots: 128, LocalActivitySlots: 32, ActivitySlots: 200, Pollers: 16, CachedRuns: 10_000}, 44}, 50},
	} {
		assert.Equal(t, one.want, new(Worker).Fit(one.machine))
		assert.Equal(t, one.api, new(API).Pool(one.machine))
	}
}

// Whatever the machine, nobody is told that a size does not fit which nobody has set.
func TestDerivedSizesFit(t *testing.T) {
	t.Parallel()
	for cores := 1; cores <= 128; cores++ {
		for _, memory := range []int64{160 * MiB, 256 * MiB, 512 * MiB, 1 << 30, 64 << 30} {
			assert.Empty(t, wrong(Worker{}, machine(cores, memory)), "%d cores, %d MiB", cores, memory/MiB)
		}
		for connections := beside + 1; connections < 200; connections += 7 {
			assert.Empty(t, wrong(Worker{Storage: Storage{DatabaseConnections: connections}}, machine(cores, 512*MiB)), "%d cores, %d connections", cores, connections)
		}
	}
	assert.Empty(t, wrong(Worker{}, Machine{Cores: 2, Memory: 100 * MiB}), "a machine of its own is not refused for its size")
}

func TestSizesThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name  string
		set   Worker
		wrong []string
	}{
		{"more steps than connections", Worker{Storage: Storage{DatabaseConnections: 28}, Sizes: Sizes{LocalActivitySlots: 17}}, []string{"LOCAL_ACTIVITY_SLOTS"}},
		{"as many steps as connections", Worker{Storage: Storage{DatabaseConnections: 28}, Sizes: Sizes{LocalActivitySlots: 16}}, []string{}},
		{"too few connections for what is beside steps", Worker{Storage: Storage{DatabaseConnections: 12}}, []string{"DATABASE_CONNECTIONS", "LOCAL_ACTIVITY_SLOTS"}},
		{"more steps than tasks", Worker{Sizes: Sizes{LocalActivitySlots: 16, WorkflowTaskSlots: 15}}, []string{"WORKFLOW_TASK_SLOTS"}},
		{"more polls than tasks", Worker{Sizes: Sizes{Pollers: 33, WorkflowTaskSlots: 64}}, []string{"POLLERS_MAX"}},
		{"more polls than activities", Worker{Sizes: Sizes{Pollers: 9, ActivitySlots: 8}}, []string{"POLLERS_MAX"}},
		{"more runs than memory", Worker{Sizes: Sizes{CachedRuns: 10_000}}, []string{"WORKFLOW_CACHE"}},
		{"below nothing", Worker{Sizes: Sizes{ActivitySlots: -1, CachedRuns: -1}}, []string{"ACTIVITY_SLOTS", "POLLERS_MAX", "WORKFLOW_CACHE"}},
	} {
		assert.Equal(t, one.wrong, wrong(one.set, machine(2, 512*MiB)), one.name)
	}
}

// All at once, beside whatever else is wrong.
func TestWrongSizesAreNamedAtTheStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	vars := map[string]string{"DATABASE_CONNECTIONS": "20", "LOCAL_ACTIVITY_SLOTS": "9", "POLLERS_MAX": "3000", "ACTIVITY_SLOTS": "10", "BANK_PER_SECOND": "-1", "SMS_PER_SECOND": "some"}
	_, err := From[Worker](vars)
	for _, want := range []string{
		"LOCAL_ACTIVITY_SLOTS is above 8", "POLLERS_MAX is above ACTIVITY_SLOTS, which is 10", "BANK_PER_SECOND is below zero", "SMS_PER_SECOND cannot be read", "KEYS_FILE is not set",
	} {
		require.ErrorContains(t, err, want)
	}
	vars = maps.Clone(vars)
	vars["DATABASE_CONNECTIONS"] = "3"
	_, err = From[API](vars)
	var wrong *Error
	require.ErrorAs(t, err, &wrong)
	require.ErrorContains(t, err, "DATABASE_CONNECTIONS is below 4")
}

func TestThisMachineHasSomethingToWorkWith(t *testing.T) {
	t.Parallel()
	m := ThisMachine()
	assert.Positive(t, m.Cores)
	assert.Greater(t, m.Memory, int64(16*MiB))
}
