package devstack

import (
	"context"
	"fmt"
	"os"
	"time"
)

// lockPoll is how often a taken lock is tried again.
const lockPoll = 100 * time.Millisecond

// fileLock is held by one process at a time, and by none once its holder is dead.
type fileLock struct{ file *os.File }

// tryLock takes the lock at path; nil means that another holds it.
func tryLock(path string) (*fileLock, error) {
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
	return &fileLock{f}, nil
}

// lock waits for the lock at path; waiting is called once if there is another holder.
func lock(ctx context.Context, path string, waiting func()) (*fileLock, error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for first := true; ; first = false {
		l, err := tryLock(path)
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

// unlock lets the next one in. The file stays: removing it would let two processes lock two files of one name.
func (l *fileLock) unlock() error { return l.file.Close() }
