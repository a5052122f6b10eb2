package postgres_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// page is how long a page may take at 100,000 registrations (issue: "Lists").
const page = 50 * time.Millisecond

// BenchmarkLists reads pages of 50 of every list, with every combination of filters, at 100,000 registrations:
//
//	go test -run '^$' -bench Lists ./internal/postgres
func BenchmarkLists(b *testing.B) {
	const n = 100_000
	s := newStore(b)
	seed(b, s, n)
	after := middle(b, s, n)
	measure := func(name string, read func() error) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				require.NoError(b, read())
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			median := took[len(took)/2] // what else the machine does is not the list's fault
			b.ReportMetric(float64(median.Microseconds())/1000, "median-ms")
			if median > page {
				b.Errorf("a page takes %v, more than %v", median, page)
			}
		})
	}
	lists := listFilters()
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		f := lists[name]
		measure("registrations/"+name, func() error { _, err := s.List(b.Context(), f); return err })
		f.Cursor = after
		measure("registrations/"+name+",middle", func() error { _, err := s.List(b.Context(), f); return err })
	}
	reviews := reviewFilters()
	for _, name := range slices.Sorted(maps.Keys(reviews)) {
		measure("reviews/"+name, func() error { _, err := s.Reviews(b.Context(), reviews[name]); return err })
	}
}
