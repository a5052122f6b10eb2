package main

import (
	"bytes"
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var answers []answer
	for i := range 100 {
		answers = append(answers, answer{status: http.StatusCreated, took: time.Duration(100-i) * time.Millisecond})
	}
	answers = append(answers, answer{status: http.StatusServiceUnavailable, took: time.Hour})
	done := timesOf(answers, answer.accepted)
	for q, want := range map[float64]time.Duration{0: time.Millisecond, .5: 51 * time.Millisecond, .99: 100 * time.Millisecond, 1: 100 * time.Millisecond} {
		if got := done.at(q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if none := times(nil); none.at(.5) != 0 || none.String() != "none" {
		t.Error("none have no times")
	}
}

// An open loop sends what is due, whatever becomes of it.
func TestTheRateIsOfferedAlsoWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	answers := open(t.Context(), 200, 500*time.Millisecond, func(ctx context.Context) answer {
		sent.Add(1)
		pause(ctx, 600*time.Millisecond) // longer than is offered
		return answer{}
	})
	if sent.Load() < 99 || sent.Load() > 101 || len(answers) != int(sent.Load()) {
		t.Errorf("sent %d, answered %d", sent.Load(), len(answers))
	}
}

func TestUnknownMeasurementsAndOptionsAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := choose([]string{"nothing"}, options{}); err == nil {
		t.Error("an unknown measurement was taken")
	}
	if _, _, err := parse([]string{"--times", "0"}, &bytes.Buffer{}); err == nil {
		t.Error("nothing would be offered")
	}
	all, err := choose(nil, options{})
	if err != nil || len(all) != len(measurements(options{})) {
		t.Error("without a name all are meant")
	}
}
