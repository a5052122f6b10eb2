package api

import "sync"

// streams counts the streams of events that each caller has open.
type streams struct {
	most int

	mu sync.Mutex
	of map[string]int
}

func newStreams(most int) *streams { return &streams{most: most, of: map[string]int{}} }

// open counts one more, unless the caller has as many as it may.
func (s *streams) open(caller string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[caller] >= s.most {
		return false
	}
	s.of[caller]++
	return true
}

func (s *streams) close(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[caller]--; s.of[caller] <= 0 {
		delete(s.of, caller)
	}
}
