package workday

import (
	"sync"
	"time"
)

// Shanghai is the zone of mainland China's days, also of those that a compressed calendar counts otherwise: a bank's day
// has 24 hours whatever a demonstration calls one.
var Shanghai = sync.OnceValue(func() *time.Location {
	loc, err := zone()
	if err != nil { // cannot be, see zone; no clock has been turned there since 1991
		return time.FixedZone("Asia/Shanghai", 8*60*60)
	}
	return loc
})
