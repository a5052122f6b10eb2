package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// stateFile writes the state so that a reader finds the former or the new one, never a torn one. Callers that save at
// the same time share a write. A nil stateFile saves nothing.
type stateFile struct {
	path string
	// changes counts changes made; saved is how many of them the file has, guarded by mu.
	changes atomic.Uint64
	mu      sync.Mutex
	saved   uint64
}

func openStateFile(path string) *stateFile {
	if path == "" {
		return nil
	}
	return &stateFile{path: path}
}

// save returns when the file holds every change made before the call.
func (f *stateFile) save(snapshot func() ([]byte, error)) error {
	if f == nil {
		return nil
	}
	mine := f.changes.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.saved >= mine {
		return nil // written by one that was waiting with us
	}
	covered := f.changes.Load()
	raw, err := snapshot()
	if err != nil {
		return err
	}
	if err := writeAtomically(f.path, raw); err != nil {
		return fmt.Errorf("writing the sandbox state: %w", err)
	}
	f.saved = covered
	return nil
}

func (s *Server) snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Marshal(s.state)
}

func loadState(path string) (*state, error) {
	st := &state{}
	if path == "" {
		return st.fill(), nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return st.fill(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox state: %w", err)
	}
	if err := json.Unmarshal(raw, st); err != nil {
		return nil, fmt.Errorf("the sandbox state in %s is not readable; remove it to start afresh: %w", path, err)
	}
	return st.fill(), nil
}

// writeAtomically writes beside the file and renames.
func writeAtomically(path string, raw []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
