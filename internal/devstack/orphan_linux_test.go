package devstack

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A killed owner cannot stop its servers; the kernel does.
func TestKilledOwnerLeavesNoOrphan(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"postgres", "temporal"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			owner := exec.CommandContext(t.Context(), os.Args[0])
			owner.Env = append(os.Environ(), helperVariable+"="+what, "TMPDIR="+openTempDir(t))
			out, err := owner.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, owner.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			var pid int
			_, err = fmt.Sscanf(line, "pid %d", &pid)
			require.NoError(t, err, line)
			require.True(t, alive(pid))

			require.NoError(t, owner.Process.Kill())
			require.Error(t, owner.Wait())
			require.Eventually(t, func() bool { return !alive(pid) }, 20*time.Second, 20*time.Millisecond)
		})
	}
}

// The kernel ties a child to the thread that forked it: threads of this process come and go, and the child must not mind.
func TestChildOutlivesThreads(t *testing.T) {
	t.Parallel()
	pg := postgresWith(t, PostgresOptions{})
	var holding, ended sync.WaitGroup
	release := make(chan struct{})
	for range 200 { // more than there are idle threads, so that these are among them
		holding.Add(1)
		ended.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			holding.Done()
			<-release
		})
	}
	holding.Wait()
	close(release)
	ended.Wait()
	connect(t, pg.URL)
	assert.False(t, closed(pg.Done()))
}

// suspend makes a process deaf to every signal but SIGKILL.
func suspend(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
}

// alive is false for a zombie too: nobody may be there to reap an orphan.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// statusOf returns the first value of a line in /proc/pid/status.
func statusOf(t *testing.T, pid int, key string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.Fields(rest)[0]
		}
	}
	t.Fatalf("no %s in the status of %d", key, pid)
	return ""
}
