package storm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// table is what is printed in the end.
type table struct{ strings.Builder }

func (t *table) linef(name, format string, args ...any) {
	fmt.Fprintf(t, "  %-38s %s\n", name, fmt.Sprintf(format, args...))
}

// counts prints a line for each name.
func (t *table) counts(of map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		t.linef(name, "%d", of[name])
	}
}

// summary is the storm in numbers.
func summary(w *weather, s *scene, b *backend, troubles []trouble, took time.Duration) string {
	t := &table{}
	fmt.Fprintf(t, "\nseed %d\nkills (%d), by process and by point\n", w.plan.Seed, len(w.kills))
	byProcess, byPoint, missed := map[string]int{}, map[string]int{}, 0
	for _, k := range w.kills {
		byProcess[k.Of]++
		byPoint[string(k.Really)]++
		missed += count(k.Really != k.At)
	}
	t.counts(byProcess)
	t.counts(byPoint)
	t.linef("(at random for want of their point)", "%d", missed)
	fmt.Fprintf(t, "faults (%d)\n", len(w.faults))
	byFault := map[string]int{}
	for _, f := range w.faults {
		byFault[f.Target+" "+f.Mode]++
	}
	t.counts(byFault)
	effects(t, s, b)
	t.linef("troubles", "%d", len(troubles))
	byRule := map[string]int{}
	for _, one := range troubles {
		byRule["  "+one.Rule]++
	}
	for _, rule := range []string{ruleStuck, ruleBehind, ruleOnce, ruleNotices, rulePromises, ruleGuesses, ruleFindings, ruleEnds} {
		t.linef("  "+rule, "%d", byRule["  "+rule])
	}
	t.linef("seconds", "%.0f", took.Seconds())
	return t.String()
}

// effects is what the storm left behind.
func effects(t *table, s *scene, b *backend) {
	ends, clearings := map[string]int{}, map[string]int{}
	for _, one := range s.Sights {
		state := "never opened"
		if one.View != nil {
			state = fmt.Sprintf("%s: %s", one.View.Kind, one.View.State)
		}
		ends[state]++
		if one.Clearing != nil {
			clearings["clearing: "+string(one.Clearing.State)]++
		}
	}
	fmt.Fprintf(t, "registrations (%d) and clearings\n", len(s.Sights))
	t.counts(ends)
	t.counts(clearings)
	b.mu.Lock()
	defer b.mu.Unlock()
	later, busy, abandoned, tries := 0, 0, 0, 0
	for _, one := range b.told {
		tries += one.Tries
		later += count(one.Later)
		busy += count(one.Busy)
		abandoned += count(one.Abandoned)
	}
	fmt.Fprintln(t, "effects")
	t.linef("acts", "%d in %d tries; %d answered 202, %d answered 503, %d of them given up", len(b.told), tries, later, busy, abandoned)
	t.linef("transfers", "%d", len(s.Ledger))
	t.linef("messages", "%d", len(s.Inbox))
	t.linef("second messages", "%d", excused(s))
	if s.Listed {
		t.linef("findings", "%d", len(s.Findings))
	} else {
		t.linef("findings", "the product has no list of them yet")
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// dossier is all that helps a person to find why an account is in trouble.
func (w *world) dossier(ctx context.Context, s *sight, troubles []trouble) string {
	t := &table{}
	fmt.Fprintf(t, "\n=== %s\n", s.Account)
	for _, one := range troubles {
		fmt.Fprintln(t, " ", one)
	}
	fmt.Fprintln(t, "  view:", compact(s.View))
	if s.Clearing != nil {
		fmt.Fprintln(t, "  clearing:", compact(s.Clearing))
	}
	for _, e := range slices.Concat(s.Timeline, s.ClearingTimeline) {
		fmt.Fprintf(t, "  %s %s %s → %s by %s\n", e.At.UTC().Format(clock), e.Event, e.From, e.To, e.Actor)
	}
	for _, a := range s.Told {
		fmt.Fprintf(t, "  %s asked: %s, %d tries, %s (heard %s)\n", a.Began.UTC().Format(clock), a.Act, a.Tries, a.outcome(), strings.Join(a.Heard, ", "))
	}
	for _, e := range s.Statement {
		fmt.Fprintf(t, "  %s bank: %s %s, key came %d times\n", e.At.UTC().Format(clock), e.Key, e.State, e.Presented)
	}
	w.tail(ctx, t, s.Run)
	if s.Clearing != nil {
		w.tail(ctx, t, s.ClearingRun)
	}
	return t.String()
}

// outcome is the last word on an act.
func (t told) outcome() string {
	switch {
	case t.Abandoned:
		return "answered 503, given up"
	case t.Status == 0:
		return "no answer that counts"
	}
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", t.Status, t.Code))
}

const (
	clock    = "15:04:05.000"
	tailSize = 25
)

func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// tail prints the end of a run's history.
func (w *world) tail(ctx context.Context, t *table, r runSight) {
	fmt.Fprintf(t, "  run %s: %s, shown in %q\n", r.ID, r.Status, r.State)
	if r.Status == enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var events []*historypb.HistoryEvent
	for all := w.engine.GetWorkflowHistory(ctx, r.ID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); all.HasNext(); {
		e, err := all.Next()
		if err != nil {
			fmt.Fprintln(t, "  its history cannot be read:", err)
			break
		}
		events = append(events, e)
	}
	for _, e := range events[max(0, len(events)-tailSize):] {
		fmt.Fprintf(t, "  %s %4d %s %s\n", e.GetEventTime().AsTime().Format(clock), e.GetEventId(), strings.TrimPrefix(e.GetEventType().String(), "EVENT_TYPE_"), detail(e))
	}
}

// detail says of an event what it is about.
func detail(e *historypb.HistoryEvent) string {
	switch {
	case e.GetActivityTaskScheduledEventAttributes() != nil:
		return e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
	case e.GetWorkflowExecutionUpdateAcceptedEventAttributes() != nil:
		return e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName()
	case e.GetWorkflowExecutionSignaledEventAttributes() != nil:
		return e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName()
	case e.GetStartChildWorkflowExecutionInitiatedEventAttributes() != nil:
		return e.GetStartChildWorkflowExecutionInitiatedEventAttributes().GetWorkflowId()
	case e.GetWorkflowTaskTimedOutEventAttributes() != nil:
		return e.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType().String()
	case e.GetWorkflowTaskFailedEventAttributes() != nil:
		return e.GetWorkflowTaskFailedEventAttributes().GetCause().String()
	case e.GetMarkerRecordedEventAttributes() != nil:
		return e.GetMarkerRecordedEventAttributes().GetMarkerName()
	}
	return ""
}

// open counts the registrations that have not ended.
func (s *scene) open() (n int) {
	for _, one := range s.Sights {
		if one.View != nil && !one.View.State.Final() {
			n++
		}
	}
	return n
}
