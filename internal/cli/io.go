package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// IO is where commands read, write, and find their settings.
type IO struct {
	In       io.Reader // a terminal is asked; anything else is read
	Out, Err io.Writer
	Getenv   func(name string) string
}

// System is this process's.
func System() *IO { return &IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv} }

// terminal is the terminal that a person types at; nil: there is none.
func (o *IO) terminal() *os.File { return terminalOf(o.In) }

func terminalOf(stream any) *os.File {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// hintf tells a person something that belongs to no answer.
func (o *IO) hintf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Err, format+"\n", args...) // nobody is left to tell
}

// Hint tells a person something that belongs to no answer.
func (o *IO) Hint(text string) { o.hintf("%s", text) }
