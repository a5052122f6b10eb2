package workday

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// source gives the notices in force: the built-in ones, under an override file that may change at any time.
type source struct {
	builtIn notices
	path    string // empty: no override
	logger  *slog.Logger

	mu      sync.Mutex
	inForce notices
	seen    os.FileInfo // the file as last looked at; nil if it could not be read
	err     error       // why the file as it is now is not in force
}

func newSource(path string, logger *slog.Logger) (*source, error) {
	builtIn, err := builtInNotices()
	if err != nil {
		return nil, err
	}
	s := &source{builtIn: builtIn, path: path, logger: logger, inForce: builtIn.withEdition()}
	if path == "" {
		return s, nil
	}
	if s.seen, err = os.Stat(path); err != nil {
		return nil, fmt.Errorf("workday: find override: %w", err)
	}
	override, err := LoadOverride(path)
	if err != nil {
		return nil, err
	}
	s.inForce = builtIn.with(override).withEdition()
	return s, nil
}

// current is the notices in force now. One answer must come from one of them: ask once, not once a day counted.
func (s *source) current() notices {
	if s.path == "" {
		return s.inForce
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	return s.inForce
}

func (s *source) lastError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// refresh reads the file again if it is another than was seen last. The file is looked at before it is read, so that a
// write between the two is seen the next time.
func (s *source) refresh() {
	now, err := os.Stat(s.path)
	if err != nil {
		s.keepLastGood(nil, fmt.Errorf("workday: find override: %w", err))
		return
	}
	if s.seen != nil && sameVersion(s.seen, now) {
		return
	}
	override, err := LoadOverride(s.path)
	var unread *fs.PathError
	switch {
	case errors.As(err, &unread):
		s.keepLastGood(nil, err) // nothing is known of this version yet: try again the next time
		return
	case err != nil:
		s.keepLastGood(now, err)
		return
	}
	s.seen, s.err, s.inForce = now, nil, s.builtIn.with(override).withEdition()
	s.logger.Info("holiday override read", "path", s.path)
}

// keepLastGood notes what is wrong, and logs it once a version of the file.
func (s *source) keepLastGood(now os.FileInfo, err error) {
	if s.err == nil || s.seen != nil || now != nil {
		s.logger.Error("holiday override not taken, the last good one stays in force", "path", s.path, "error", err)
	}
	s.seen, s.err = now, err
}

func sameVersion(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
