package config

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// MiB is a mebibyte, in bytes.
const MiB = 1 << 20

// Machine is what a process may use of the machine it runs on.
type Machine struct {
	Cores  int
	Memory int64 // bytes
	// Bounded says that somebody takes what is beyond Memory for too much: GOMEMLIMIT, or the container's limit.
	Bounded bool
}

// unbounded is the part of the machine's memory that a process without a limit counts on: others live there too.
const unbounded = 4

// ThisMachine is what this process may use: the cores that Go uses (GOMAXPROCS, which knows a container's limit), and the
// memory that GOMEMLIMIT or the container allows, or a quarter of the machine's.
var ThisMachine = sync.OnceValue(func() Machine {
	m := Machine{Cores: runtime.GOMAXPROCS(0)}
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		m.Memory, m.Bounded = limit, true
		return m
	}
	system, err := memlimit.FromSystem()
	if err == nil {
		m.Memory = signed(system / unbounded)
	}
	if container, err := memlimit.FromCgroup(); err == nil && (container < system || system == 0) {
		m.Memory, m.Bounded = signed(container), true
	}
	return m
})

func signed(bytes uint64) int64 { return int64(min(bytes, math.MaxInt64)) }

// KeepWithin has Go collect harder before the memory's bound is reached, instead of being killed at it. It does nothing if
// there is none, or if GOMEMLIMIT says it already.
func (m Machine) KeepWithin() {
	if m.Bounded && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(m.Memory / 10 * 9)
	}
}
