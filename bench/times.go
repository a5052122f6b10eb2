package main

import (
	"fmt"
	"slices"
	"time"
)

// times are how long calls took, in order.
type times []time.Duration

func timesOf(answers []answer, which func(answer) bool) times {
	var t times
	for _, a := range answers {
		if which(a) {
			t = append(t, a.took)
		}
	}
	slices.Sort(t)
	return t
}

// at is a quantile, of 0 to 1; 0 of none.
func (t times) at(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(int(q*float64(len(t))), len(t)-1)]
}

func (t times) String() string {
	if len(t) == 0 {
		return "none"
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }
	return fmt.Sprintf("p50 %s, p99 %s, longest %s (of %d)", ms(t.at(.5)), ms(t.at(.99)), ms(t.at(1)), len(t))
}
