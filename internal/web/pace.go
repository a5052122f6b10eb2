package web

import "time"

// slowest is the rate, in bytes a second, that a line may not fall below for long: 10 MiB take three quarters of an hour.
const slowest = 4 << 10

// pace is how long a client is waited for. It begins with so long; waiting uses it up, and every byte earns some of it
// back. So a pause is never longer than that, a trickle ends after little more, and a slow line takes the time it needs.
type pace struct{ within, left time.Duration }

func newPace(within time.Duration) *pace { return &pace{within, within} }

// patience is how long the client may take now.
func (p *pace) patience() time.Duration { return max(p.left, 0) }

func (p *pace) waited(d time.Duration, n int) {
	p.left = min(p.within, p.left-d+time.Duration(n)*time.Second/slowest)
}
