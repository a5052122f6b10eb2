package devstack

import (
	"context"
	"fmt"
	"os"
	"time"
)

// lockPoll is how often a taken lock is tried again.
const lockPoll = 100 * time.Millisecond

// FileLock is held by one process at a time, and by none once its holder is dead.
type FileLock struct{ file *os.File }

// TryLock takes the lock at path; nil means that another holds it.
func TryLock(path string) (*FileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	taken, err := lockExclusive(f)
	if err != nil || !taken {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		return nil, err
	}
	return &FileLock{f}, nil
}

// lock waits for the lock at path; waiting is called once if there is another holder.
func lock(ctx context.Context, path string, waiting func()) (*FileLock, error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for first := true; ; first = false {
		l, err := TryLock(path)
		if l != nil || err != nil {
			return l, err
		}
		if first {
			waiting()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Unlock lets the next one in. The file stays: removing it would let two processes lock two files of one name.
func (l *FileLock) Unlock() error { return l.file.Close() }
