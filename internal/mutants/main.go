// Command mutants proves that the tests would notice if certain lines were broken. It is run by `make mutants`.
//
// It breaks the lines of the list on its standard input one at a time and runs the tests that are named beside each, which
// must fail. It promises to leave the checkout alone: it works on a copy. It refuses an entry whose old text does not stand
// in its file exactly once, and counts neither a test that fails unbroken nor a line that breaks the build as a proof.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	raw, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	list, err := parse(string(raw))
	if err != nil {
		return err
	}
	c, err := newCopy(ctx, ".")
	if err != nil {
		return err
	}
	defer c.remove()
	return c.tryAll(ctx, out, list)
}

// tryAll writes a line a mutant, and fails unless each was killed.
func (c *workingCopy) tryAll(ctx context.Context, out io.Writer, list []mutant) error {
	killed := 0
	for _, m := range list {
		began := time.Now()
		fate, said := c.try(ctx, m)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		line := fmt.Sprintf("%-8s %5.0fs  %s\n", fate, time.Since(began).Seconds(), m.name)
		if fate == fateKilled {
			killed++
		} else if said != "" {
			line += said + "\n"
		}
		if _, err := io.WriteString(out, line); err != nil {
			return err
		}
	}
	if killed < len(list) {
		return fmt.Errorf("%d of %d were killed", killed, len(list))
	}
	_, err := fmt.Fprintf(out, "all %d were killed\n", killed)
	return err
}
