package devstack

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// keptOutput is how many bytes of a child's output are kept for error messages: a Go program's panic must fit, with what it
// wrote before.
const keptOutput = 16 << 10

// output passes a child's lines to the log, at debug level, and remembers the last ones.
type output struct {
	log *slog.Logger

	mu   sync.Mutex
	line []byte // not ended yet
	last []byte
}

func newOutput(log *slog.Logger) *output { return &output{log: log} }

// Write implements io.Writer; it never fails, or the child would block.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = append(o.last, b...)
	if over := len(o.last) - keptOutput; over > 0 {
		o.last = append(o.last[:0], o.last[over:]...)
	}
	o.line = append(o.line, b...)
	for {
		end := bytes.IndexByte(o.line, '\n')
		if end < 0 {
			break
		}
		o.log.Debug(strings.TrimRight(string(o.line[:end]), "\r"))
		o.line = o.line[end+1:]
	}
	if len(o.line) > keptOutput { // no line is worth more memory
		o.log.Debug(string(o.line))
		o.line = nil
	}
	return len(b), nil
}

func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.line) > 0 {
		o.log.Debug(string(o.line))
		o.line = nil
	}
}

// tail returns the child's last words.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimSpace(string(o.last))
}

// newTail only remembers.
func newTail() *output { return newOutput(slog.New(slog.DiscardHandler)) }
