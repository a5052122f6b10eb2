package main

import (
	"cmp"
	"slices"
	"strings"

	"shiming/bench/meter"
)

// statementCost is a statement and what a registration takes of it.
type statementCost struct {
	Database string  `json:"database"`
	Text     string  `json:"text"`
	Calls    float64 `json:"calls"`
	Rows     float64 `json:"rows"`
	WAL      float64 `json:"wal_bytes"`
	Ms       float64 `json:"ms"` // of execution
}

// listed is how many statements of each database are listed.
const listed = 40

// oftenOf lists the statements that are made most often.
func oftenOf(rounds []round) []statementCost {
	sums, n := map[meter.Statement]meter.Uses{}, 0
	for _, r := range rounds {
		n += r.n
		for s, u := range r.statements {
			sum := sums[s]
			sums[s] = meter.Uses{Calls: sum.Calls + u.Calls, Rows: sum.Rows + u.Rows, WAL: sum.WAL + u.WAL, Ms: sum.Ms + u.Ms}
		}
	}
	var list []statementCost
	for s, u := range sums {
		each := func(sum float64) float64 { return sum / float64(n) }
		list = append(list, statementCost{
			Database: s.Database, Text: strings.Join(strings.Fields(s.Text), " "),
			Calls: each(float64(u.Calls)), Rows: each(float64(u.Rows)), WAL: each(float64(u.WAL)), Ms: each(u.Ms),
		})
	}
	slices.SortFunc(list, func(a, b statementCost) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Database, b.Database), cmp.Compare(a.Text, b.Text))
	})
	counts := map[string]int{}
	return slices.DeleteFunc(list, func(s statementCost) bool {
		counts[s.Database]++
		return counts[s.Database] > listed
	})
}
