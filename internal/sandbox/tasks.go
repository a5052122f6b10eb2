package sandbox

import (
	"time"
)

type taskKind string

const (
	taskSettle taskKind = "settle" // the money arrives
	taskReturn taskKind = "return" // the money comes back
	taskReport taskKind = "report" // a webhook is due
)

// task is something that happens later, restart or not.
type task struct {
	ID   string    `json:"id"`
	Kind taskKind  `json:"kind"`
	Due  time.Time `json:"due"`
	// Key names the transfer to settle or return, Reason why it comes back.
	Key    string `json:"key,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Webhook is what to report.
	Webhook *webhook `json:"webhook,omitempty"`
}

// schedule adds a task to the state and sets it going. The caller holds the state.
func (s *Server) schedule(st *state, t task) {
	t.ID = newID("task")
	st.Tasks[t.ID] = &t
	s.start(t)
}

// resume sets going what a former run left.
func (s *Server) resume() {
	s.view(func(st *state) {
		for _, t := range st.Tasks {
			s.start(*t)
		}
	})
}

// start runs the task when it is due, unless the sandbox is closing: then it stays in the state for the next run.
func (s *Server) start(t task) {
	if s.closed {
		return
	}
	s.tasks.Go(func() {
		timer := time.NewTimer(time.Until(t.Due))
		defer timer.Stop()
		select {
		case <-timer.C:
			s.perform(t)
		case <-s.stopping.Done():
		}
	})
}

func (s *Server) perform(t task) {
	if t.Kind == taskReport && !s.deliver(t) {
		return // closing: the next run delivers it
	}
	s.update(func(st *state) {
		delete(st.Tasks, t.ID)
		switch t.Kind {
		case taskSettle:
			s.settle(st, t.Key)
		case taskReturn:
			s.giveBack(st, t.Key, t.Reason)
		case taskReport:
		}
	})
}
