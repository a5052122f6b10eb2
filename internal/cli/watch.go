package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"shiming/internal/client"
	"shiming/registration"
)

const (
	// quietFor is how long a stream may say nothing: the API lets it beat every 15 s.
	quietFor = 45 * time.Second
	// comeAgain is the pause before a stream that ended is taken up again, and between two looks without one.
	comeAgain = 2 * time.Second
	longEvent = 1 << 20 // bytes
)

// watch follows one registration.
type watch struct {
	*session
	id    string
	until []registration.State // ends the watch, beside the final ones
	last  string               // id of the event that arrived last
	seen  int                  // lines of the timeline that were shown, where there is no stream
	over  bool
}

// progress is a transition, as it is shown and as the stream's data hold it.
type progress struct {
	At    time.Time          `json:"at"`
	Event string             `json:"event"`
	From  registration.State `json:"from"`
	To    registration.State `json:"to"`
}

// follow shows every transition until the registration has ended. Where the API's stream of events cannot be had (a proxy
// lets none through, say), it looks at the timeline instead.
func (w *watch) follow(ctx context.Context) error {
	for !w.over {
		streamed, err := w.stream(ctx)
		if !streamed && err == nil {
			err = w.look(ctx)
		}
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err != nil {
			return err
		}
		if !w.over && !pause(ctx, comeAgain) {
			return errInterrupted
		}
	}
	return nil
}

// pause waits; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// stream takes the stream of events up where it ended last. streamed is false if there is none.
func (w *watch) stream(ctx context.Context) (streamed bool, err error) {
	if w.seen > 0 {
		return false, nil
	}
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	resp, err := w.client.Open(ctx, client.Request{Method: http.MethodGet, Path: registrationPath(w.id, "/events"), LastEventID: w.last})
	var no *client.Problem
	if errors.As(err, &no) && (no.Status == http.StatusNotFound || no.Status == http.StatusMethodNotAllowed || no.Status == http.StatusNotAcceptable) {
		return false, nil // there may be no such registration either: looking will tell
	}
	if err != nil {
		return true, w.failed(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	switch {
	case resp.StatusCode == http.StatusNoContent:
		w.over = true
		return true, nil
	case !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream"):
		return false, nil
	}
	quiet := time.AfterFunc(quietFor, hangUp)
	defer quiet.Stop()
	return true, readEvents(resp.Body, func() { quiet.Reset(quietFor) }, func(id, data string) (bool, error) {
		if id != "" {
			w.last = id
		}
		return w.over, w.event(ctx, []byte(data))
	})
}

// readEvents reads server-sent events (HTML standard, section 9.2.6) until the stream ends, or told says that it is
// enough. beat is called for every line, those that only keep the connection alive too.
func readEvents(stream io.Reader, beat func(), told func(id, data string) (enough bool, err error)) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, longEvent)
	var id string
	var data []string
	for lines.Scan() {
		beat()
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "id":
			id = value
		case name == "data":
			data = append(data, value)
		case lines.Text() == "" && len(data) > 0:
			enough, err := told(id, strings.Join(data, "\n"))
			if enough || err != nil {
				return err
			}
			data = nil
		}
	}
	return nil // however the stream ended, it is taken up again
}

// event shows one transition.
func (w *watch) event(ctx context.Context, raw []byte) error {
	var e progress
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("an event is not what this program knows; is it of the same version? %w", err)
	}
	if w.json {
		if err := w.writeJSON(json.RawMessage(raw)); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintln(w.Out, line(e)); err != nil {
		return err
	}
	if e.To.Final() {
		w.over = true
		return nil
	}
	return w.reached(ctx, e.To)
}

// line is a transition in a line.
func line(e progress) string {
	from := string(e.From)
	if e.From == registration.None {
		from = "(new)"
	}
	return clean(fmt.Sprintf("%s  %-22s %s → %s", exactly(e.At), e.Event, from, e.To))
}

// reached ends the watch if the registration stands in a state that it was asked to end in: it may have left it again.
func (w *watch) reached(ctx context.Context, state registration.State) error {
	if !slices.Contains(w.until, state) {
		return nil
	}
	var now registration.View
	if err := w.read(ctx, registrationPath(w.id, ""), &now); err != nil {
		return err
	}
	w.over = slices.Contains(w.until, now.State)
	return nil
}

// look shows what is new on the timeline.
func (w *watch) look(ctx context.Context) error {
	var lines listed[json.RawMessage]
	if err := w.read(ctx, registrationPath(w.id, "/timeline"), &lines); err != nil {
		return err
	}
	for _, one := range lines.Items[min(w.seen, len(lines.Items)):] {
		w.seen++
		if err := w.event(ctx, one); err != nil || w.over {
			return err
		}
	}
	return nil
}
