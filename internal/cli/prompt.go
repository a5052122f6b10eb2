package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// prompt asks a person for a field at the terminal.
func (o *IO) prompt(ctx context.Context, f field) (string, error) {
	tty := o.terminal()
	fd := int(tty.Fd())
	text := f.prompt
	if f.optional {
		text += " (Enter leaves it out)"
	}
	if _, err := fmt.Fprint(o.Err, text+": "); err != nil {
		return "", err
	}
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask at the terminal: %w", err)
	}
	type typed struct {
		line []byte
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		var t typed
		if f.secret {
			t.line, t.err = term.ReadPassword(fd)
		} else {
			t.line, t.err = readLine(tty)
		}
		done <- t
	}()
	select {
	case <-ctx.Done(): // the read is left behind; the process ends
		return "", errors.Join(errInterrupted, term.Restore(fd, before))
	case t := <-done:
		if f.secret {
			_, _ = fmt.Fprintln(o.Err) // the Enter had no echo either
		}
		if t.err != nil {
			return "", fmt.Errorf("read from the terminal: %w", t.err)
		}
		return strings.TrimSpace(string(t.line)), nil
	}
}

// readLine reads up to the end of a line and no further, as ReadPassword does: what is pasted at once holds several
// answers.
func readLine(tty *os.File) ([]byte, error) {
	var line bytes.Buffer
	one := make([]byte, 1)
	for {
		n, err := tty.Read(one)
		switch {
		case n == 1 && one[0] == '\n':
			return line.Bytes(), nil
		case n == 1:
			line.WriteByte(one[0])
		case errors.Is(err, io.EOF) && line.Len() > 0:
			return line.Bytes(), nil
		case err != nil:
			return nil, err
		}
	}
}
