package meter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc's CPU times (USER_HZ), the same on every Linux.
const tick = 10 * time.Millisecond

// procStat is what is read of /proc/PID/stat.
type procStat struct {
	parent int
	own    time.Duration // all threads, also those that ended
	reaped time.Duration // of children that ended
}

func readStat(pid int) (procStat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name before may hold spaces
	fields := strings.Fields(rest)
	const parent, user, reaped = 1, 11, 13 // counted from the state, which is the first here
	if len(fields) <= reaped+1 {
		return procStat{}, fmt.Errorf("/proc/%d/stat cannot be read", pid)
	}
	var n [5]int
	for i, at := range []int{parent, user, user + 1, reaped, reaped + 1} {
		if n[i], err = strconv.Atoi(fields[at]); err != nil {
			return procStat{}, err
		}
	}
	return procStat{parent: n[0], own: time.Duration(n[1]+n[2]) * tick, reaped: time.Duration(n[3]+n[4]) * tick}, nil
}

// CPU is what a process has used, all of its threads.
func CPU(pid int) (time.Duration, error) {
	s, err := readStat(pid)
	return s.own, err
}

// FamilyCPU is what a process and its children have used, also those that ended: PostgreSQL has a process a connection.
func FamilyCPU(pid int) (time.Duration, error) {
	head, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	sum := head.own + head.reaped
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, dir := range all {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		s, err := readStat(child)
		if errors.Is(err, os.ErrNotExist) || err == nil && s.parent != pid {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += s.own
	}
	return sum, nil
}

// Memory is a process' resident memory in bytes.
func Memory(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status names no memory", pid)
}
