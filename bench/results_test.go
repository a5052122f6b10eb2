package main

import (
	"bytes"
	"strings"
	"testing"

	"shiming/registration"
)

// What was kept is read again, and tables, pictures and the page about sizes are made of it.
func TestResultsAreKeptShownAndUsed(t *testing.T) {
	t.Parallel()
	o := options{results: t.TempDir()}
	var out bytes.Buffer
	if err := o.sizing(&out); err == nil {
		t.Error("sizes were made of nothing")
	}
	kind := kindCost{
		Registrations: 1, Events: 75, EventTypes: map[string]float64{"WorkflowExecutionStarted": 3}, Databases: map[string]databaseCost{productDatabase: {Disk: 20_000}},
		CPU: map[string]spread{apiProcess: {Median: 40}, workerProcess: {Median: 60}, temporalProcess: {Median: 200}, postgresProcess: {Median: 100}},
	}
	cost := costResult{Kinds: map[registration.Kind]kindCost{registration.Individual: kind, registration.Enterprise: kind}}
	open := openResult{Sizes: []openSize{{Runs: 0, WorkerMemory: 1e8}, {Runs: 1000, WorkerMemory: 2e8, EmptyMemory: 1e7}}}
	for name, result := range map[string]tabular{"cost": cost, "open": open} {
		if err := o.report(&out, name, result); err != nil {
			t.Fatal(err)
		}
	}
	out.Reset()
	if err := o.tables(&out); err != nil || !strings.Contains(out.String(), "### cost") || !strings.Contains(out.String(), "| events | 75.0 |") {
		t.Errorf("the tables are %q: %v", out.String(), err)
	}
	out.Reset()
	if err := o.sizing(&out); err != nil || !strings.Contains(out.String(), "400 ms in all") {
		t.Errorf("the sizes are %q: %v", out.String(), err)
	}
}

func TestSpreadsAndRatios(t *testing.T) {
	t.Parallel()
	if s := spreadOf([]float64{4, 1, 3, 2}); s != (spread{2.5, 1, 4}) {
		t.Errorf("the spread is %v", s)
	}
	for figure, want := range map[float64]string{0.123: "0.1", 7: "7", 12.3: "12", 123.4: "120", 1234: "1,200", 1_234_567: "1,200,000"} {
		if got := rounded(figure); got != want {
			t.Errorf("%v is %s, not %s", figure, got, want)
		}
	}
}

func TestCompressedCalendarsAreRead(t *testing.T) {
	t.Parallel()
	r := roles{common: settings{}, api: settings{}, worker: settings{}, sandbox: settings{}}
	compressedCalendar(90)(&r)
	if _, day, err := calendarOf(r.worker["CALENDAR"]); err != nil || day != 90 {
		t.Errorf("a day of 90 ns is %v: %v", day, err)
	}
	if _, _, err := calendarOf("real"); err == nil {
		t.Error("the real calendar was taken for a compressed one")
	}
}

// Four registrations that had 18 messages are played with 18 by every four.
func TestPlayedRegistrationsHaveAsManyRunsAsRecordedOnes(t *testing.T) {
	t.Parallel()
	m, sum := member{runs: 18, registrations: 4}, 0
	for n := range 8 {
		if times := m.times(n); times < 4 || times > 5 {
			t.Errorf("the registration %d has %d", n, times)
		}
		sum += m.times(n)
	}
	if sum != 36 {
		t.Errorf("eight have %d", sum)
	}
}
