package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/live"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// The times of a stream of events.
const (
	heartbeatEvery = 15 * time.Second // keeps proxies from hanging up, and looks for what the database did not tell
	streamFor      = 30 * time.Minute // then the client comes again, with a token that still holds
	sendWithin     = 10 * time.Second // a client that takes nothing for so long is dropped
	comeAgain      = 2 * time.Second  // what a client waits before it comes again
	lookAgain      = time.Second      // after the database has not answered
	stepsAtOnce    = 100
)

// progress makes the route by which a registration is watched.
func (s *server) progress() {
	register(s, route{
		id: "watch-registration", method: http.MethodGet, path: "/v1/registrations/{id}/events", tag: registrationTag, summary: "Watch a registration",
		description: "Server-sent events: every transition so far, then each as it happens, until the registration has ended. The id of an event is its " +
			"`sequence`; a client that comes again with `Last-Event-ID` gets what came after, and 204 when nothing can come any more.",
		codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.watch)
}

// Progress is one transition, as the data of a server-sent event.
type Progress struct {
	Type     registration.WebhookEvent `json:"type" doc:"Always registration.state_changed" example:"registration.state_changed"`
	Sequence int64                     `json:"sequence" doc:"Counts per registration, with gaps; also the event's id" example:"3"`
	At       time.Time                 `json:"at" doc:"When it happened" example:"2026-09-30T10:00:00+08:00"`
	Event    registration.Event        `json:"event" doc:"What happened, as on the timeline" example:"submitted"`
	From     registration.State        `json:"from" doc:"State before; empty at the beginning, and the same as to if only something else has changed" example:"details_required"`
	To       registration.State        `json:"to" doc:"State after" example:"under_review"`
}

type watchRegistration struct {
	ByID
	LastEventID string `header:"Last-Event-ID" doc:"The sequence of the last event that arrived" example:"3"`
}

func (s *server) watch(ctx context.Context, in *watchRegistration) (*huma.StreamResponse, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	st := &stream{server: s, id: in.ID}
	if in.LastEventID != "" {
		var err error
		if st.after, err = strconv.ParseInt(in.LastEventID, 10, 64); err != nil || st.after < 0 {
			return nil, problem.FromFields(registration.FieldError{Location: "header.Last-Event-ID", Code: codeInvalid, Message: "Send the id of an event of this stream."})
		}
	}
	if err := st.open(ctx); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: st.run}, nil
}

// open begins to watch, within what a caller may have open. It looks before anything is answered: there may be no such
// registration.
func (st *stream) open(ctx context.Context) error {
	st.caller = requestOf(ctx).caller.id
	if !st.streams.open(st.caller) {
		return problem.New(problem.CodeRateLimited, problem.WithRetryAfter(heartbeatEvery),
			problem.WithDetail("This token watches as many registrations as it may. Close a stream first."))
	}
	var err error
	if st.watch, err = st.Live.Watch(st.id); err != nil {
		st.streams.close(st.caller)
		return tooMany(err)
	}
	if err := st.look(ctx); err != nil {
		st.close()
		return err
	}
	return nil
}

func (st *stream) close() {
	st.watch.Close()
	st.streams.close(st.caller)
}

func tooMany(err error) error {
	if errors.Is(err, live.ErrFull) {
		return problem.New(problem.CodeRateLimited, problem.WithRetryAfter(heartbeatEvery))
	}
	return problem.New(problem.CodeEngineUnavailable)
}

// stream is one client that watches one registration.
type stream struct {
	*server
	id     string
	caller string
	after  int64 // the sequence that was sent last
	watch  *live.Watch
	steps  []postgres.Transition // read and not sent yet
	state  registration.State
	again  *time.Timer // when to look again although nobody has woken it
	out    http.ResponseWriter
	wire   *http.ResponseController
}

// look reads what is new.
func (st *stream) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, plainWithin)
	defer cancel()
	var err error
	st.steps, st.state, err = st.Store.TransitionsAfter(ctx, st.id, st.after, stepsAtOnce)
	return err
}

// over reports whether nothing can come any more.
func (st *stream) over() bool { return len(st.steps) == 0 && st.state.Final() }

func (st *stream) run(out huma.Context) {
	defer st.close()
	r, w := humago.Unwrap(out)
	if st.over() {
		w.WriteHeader(http.StatusNoContent) // tells a browser not to come again
		return
	}
	st.endWith(r)
	st.out, st.wire = w, http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead { // nothing would ever arrive
		return
	}
	if err := st.send(fmt.Appendf(nil, "retry: %d\n\n", comeAgain.Milliseconds())); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), streamFor)
	defer cancel()
	st.follow(ctx)
}

// endWith ends the streams when the server is told to stop: to it they are answers under way.
func (st *stream) endWith(r *http.Request) {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		if _, known := st.ending.LoadOrStore(server, true); !known {
			server.RegisterOnShutdown(st.Live.Close)
		}
	}
}

// follow sends what there is and waits for more, until the registration has ended or the client is gone.
func (st *stream) follow(ctx context.Context) {
	beat := time.NewTicker(heartbeatEvery)
	defer beat.Stop()
	st.again = time.NewTimer(heartbeatEvery)
	defer st.again.Stop()
	for {
		if err := st.sendSteps(ctx); err != nil || st.over() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-st.watch.Done():
			return
		case <-st.watch.Woken():
		case <-st.again.C:
		case <-beat.C:
			if err := st.send([]byte(":\n\n")); err != nil {
				return
			}
		}
		st.lookOn(ctx)
	}
}

// lookOn reads what is new; a database that does not answer is asked again, and ends no stream.
func (st *stream) lookOn(ctx context.Context) {
	err := st.look(ctx)
	if err == nil {
		return
	}
	st.steps = nil
	st.again.Reset(lookAgain)
	if ctx.Err() == nil {
		st.Log.WarnContext(ctx, "a watched registration could not be read; looked at again in a second", "error", err)
	}
}

// sendSteps sends what was read, and what came meanwhile.
func (st *stream) sendSteps(ctx context.Context) error {
	for len(st.steps) > 0 {
		var b bytes.Buffer
		for _, t := range st.steps {
			data, err := json.Marshal(Progress{registration.EventStateChanged, t.Sequence, t.At, t.Event, t.From, t.To})
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "id: %d\ndata: %s\n\n", t.Sequence, data)
		}
		if err := st.send(b.Bytes()); err != nil {
			return err
		}
		st.after = st.steps[len(st.steps)-1].Sequence
		st.lookOn(ctx)
	}
	return nil
}

// send writes to the client, who has some time to take it.
func (st *stream) send(b []byte) error {
	// Not every writer has a connection below it; then there is nothing to limit.
	_ = st.wire.SetWriteDeadline(time.Now().Add(sendWithin))
	if _, err := st.out.Write(b); err != nil {
		return err
	}
	if err := st.wire.Flush(); err != nil {
		return err
	}
	_ = st.wire.SetWriteDeadline(time.Time{})
	return nil
}

// documentProgress says what huma cannot know of the stream.
func documentProgress(doc *huma.OpenAPI, op *huma.Operation) {
	op.Responses["200"] = &huma.Response{
		Description: "A stream of events, each with its sequence as id and a Progress as data",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	op.Responses["204"] = &huma.Response{Description: "The registration has ended, and everything up to its end was sent"}
	doc.Components.Schemas.Schema(progressType, true, "Progress")
}
