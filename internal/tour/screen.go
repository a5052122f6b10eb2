package tour

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"shiming/registration"
)

// Screen shows a tour to a person: on a terminal as a table that is drawn again in its place, elsewhere as lines that
// are only ever added. It is safe for concurrent use; a writer that fails is given up on silently, as fmt.Print does.
type Screen struct {
	out  io.Writer
	live bool

	mu    sync.Mutex
	rows  []Row
	drawn int // lines of the table that stand above the cursor
	ended bool
}

// NewScreen makes a screen; live says that out is a terminal.
func NewScreen(out io.Writer, live bool) *Screen { return &Screen{out: out, live: live} }

// Start shows the table, with nothing in it yet, and draws it again twice a second until the returned function is
// called; the table then stays as it last was.
func (s *Screen) Start() (end func()) {
	s.mu.Lock()
	for i, who := range Cast() {
		s.rows = append(s.rows, Row{Number: i, Who: who})
	}
	s.draw()
	s.mu.Unlock()

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(500 * time.Millisecond) // the time left runs down
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.redraw()
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
		s.mu.Lock()
		defer s.mu.Unlock()
		s.clear()
		s.draw()
		s.drawn, s.ended = 0, true
	})
}

// Line writes a line above the table.
func (s *Screen) Line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.print(text + "\n")
	s.draw()
}

// Row takes up a change.
func (s *Screen) Row(r Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Number >= len(s.rows) {
		return
	}
	failed := s.rows[r.Number].Err == nil && r.Err != nil
	s.rows[r.Number] = r
	if failed && !s.live {
		s.print("FAILED: " + r.Err.Error() + "\n")
	}
	s.clear()
	s.draw()
}

// Transition writes a line, unless the table shows it.
func (s *Screen) Transition(t Transition) {
	if s.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	from := t.From
	if from == registration.None {
		from = "(new)"
	}
	s.print(fmt.Sprintf("%s  %-34s %-24s → %-24s %s by %s\n", t.At.Local().Format(time.TimeOnly), t.Who, from, t.To, t.Event, t.Actor))
}

func (s *Screen) redraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.draw()
}

// Control sequences of terminals (ECMA-48, and xterm's for wrapping): a line too long for the window is cut, not
// wrapped, so that a table of n rows has n lines.
const (
	noWrap     = "\x1b[?7l"
	wrap       = "\x1b[?7h"
	eraseBelow = "\x1b[J"
)

// clear takes the table away; draw puts it below what stands.
func (s *Screen) clear() {
	if s.live && s.drawn > 0 {
		s.print(fmt.Sprintf("\x1b[%dA\r%s", s.drawn, eraseBelow))
		s.drawn = 0
	}
}

func (s *Screen) draw() {
	if !s.live || s.ended || len(s.rows) == 0 {
		return
	}
	lines := Table(s.rows, time.Now())
	s.print(noWrap + strings.Join(lines, "\n") + "\n" + wrap)
	s.drawn = len(lines)
}

func (s *Screen) print(text string) { _, _ = io.WriteString(s.out, text) }
