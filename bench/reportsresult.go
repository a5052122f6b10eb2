package main

import (
	"fmt"
	"io"
)

// reportsResult is what became of bank's reports while nothing waits, and behind deliveries.
type reportsResult struct {
	Calm  []followed `json:"calm"`
	Quick []followed `json:"behind_quick_deliveries"`
	Slow  []followed `json:"behind_slow_deliveries"`
}

// followed is one report.
type followed struct {
	Deliveries   int     `json:"deliveries_waiting"` // when it came
	Outbox       int     `json:"outbox_waiting"`
	Acknowledged float64 `json:"acknowledged_ms"`
	Followed     float64 `json:"followed_ms"` // from the acknowledgement on, to within 20 ms
}

func (r reportsResult) table(out io.Writer) {
	sayf(out, "\nFrom the acknowledgement of a bank's report until its registration has followed it:\n\n")
	sayf(out, "| | reports | deliveries waiting | outbox waiting | acknowledged, ms | followed, ms: median (least–most) |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, row := range []struct {
		name string
		all  []followed
	}{{"nothing waits", r.Calm}, {"behind deliveries that are answered at once", r.Quick}, {"behind deliveries that take 5 s each", r.Slow}} {
		of := func(figure func(f followed) float64) spread {
			var values []float64
			for _, f := range row.all {
				values = append(values, figure(f))
			}
			return spreadOf(values)
		}
		deliveries, outbox := of(func(f followed) float64 { return float64(f.Deliveries) }), of(func(f followed) float64 { return float64(f.Outbox) })
		sayf(out, "| %s | %d | %s | %s | %s | %s |\n", row.name, len(row.all), fmt.Sprintf("%.0f–%.0f", deliveries.Least, deliveries.Most),
			fmt.Sprintf("%.0f–%.0f", outbox.Least, outbox.Most),
			of(func(f followed) float64 { return f.Acknowledged }).digits(0), of(func(f followed) float64 { return f.Followed }).digits(0))
	}
	sayf(out, "\n")
}
