package main

import (
	"fmt"
	"slices"
	"time"
)

// quantiles are how long something took, in ms.
type quantiles struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func quantilesOf(took []time.Duration) quantiles {
	t := times(slices.Sorted(slices.Values(took)))
	return quantiles{N: len(t), P50: ms(t.at(.5)), P99: ms(t.at(.99)), Max: ms(t.at(1))}
}

func (q quantiles) String() string {
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, longest %.1f ms (of %d)", q.P50, q.P99, q.Max, q.N)
}

// comparison is how long one thing took against another, done by turns.
type comparison struct {
	Ours     quantiles `json:"ours"`
	Theirs   quantiles `json:"theirs"`
	RatioP50 float64   `json:"ratio_p50"`
	RatioP99 float64   `json:"ratio_p99"`
	Spread   spread    `json:"ratio_p50_of_tenths"` // of the first tenth of the measurement, the second and so on
}

func compare(ours, theirs []time.Duration) comparison {
	c := comparison{Ours: quantilesOf(ours), Theirs: quantilesOf(theirs)}
	c.RatioP50, c.RatioP99 = c.Ours.P50/c.Theirs.P50, c.Ours.P99/c.Theirs.P99
	const parts = 10
	var ratios []float64
	for i := range parts {
		from, to := i*len(ours)/parts, (i+1)*len(ours)/parts
		if from < to {
			ratios = append(ratios, quantilesOf(ours[from:to]).P50/quantilesOf(theirs[from:to]).P50)
		}
	}
	c.Spread = spreadOf(ratios)
	return c
}

// row is a line of a table of comparisons; comparisonHead is above it.
func (c comparison) row(name string) string {
	return fmt.Sprintf("| %s | %d | %.1f | %.1f | %.1f | %.1f | %.2f (%.2f–%.2f) | %.2f |\n", name, c.Ours.N,
		c.Ours.P50, c.Ours.P99, c.Theirs.P50, c.Theirs.P99, c.RatioP50, c.Spread.Least, c.Spread.Most, c.RatioP99)
}

const comparisonHead = "| | n | p50, ms | p99, ms | %s: p50, ms | p99, ms | ratio p50 (of tenths) | ratio p99 |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
