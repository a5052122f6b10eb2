package postgres

import (
	"sync"
	"time"

	"shiming/registration"
)

// sighting is how far a process has seen the database. A mark never falls, but where a database is replaced by an older one, and
// where a repair after that has ended its hold.
type sighting struct {
	registration.Mark
	repaired time.Time // when a hold ended last; zero: none has
}

// olderThan reports whether a database that was seen so before has become older since, or another, and was not repaired after that.
func (s sighting) olderThan(was sighting) bool {
	switch {
	case was == sighting{}, s.repaired.After(was.repaired):
		return false
	case s.repaired.Before(was.repaired):
		return true
	}
	return s.DatabaseID != was.DatabaseID || s.Number < was.Number
}

// sightings keeps the furthest sighting of a process.
type sightings struct {
	mu  sync.Mutex
	far sighting
}

// furthest is to be asked before the question to the database begins that is compared with it. Whatever was seen by then was
// committed before, so that no answer can be older but that of an older database.
func (s *sightings) furthest() sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.far
}

func (s *sightings) note(now sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.olderThan(s.far) {
		s.far = now
	}
}
