package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// stopper says when to end: soon ends with the first Ctrl-C or SIGTERM, now with the second.
type stopper struct {
	soon context.Context // work under this
	now  context.Context // stop under this
}

// notifyStop listens for signals. A third one leaves at once; on Linux the kernel then ends the children.
func notifyStop() *stopper {
	soon, cancelSoon := context.WithCancel(context.Background())
	now, cancelNow := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "\nstopping… (again: at once)")
		cancelSoon()
		<-signals
		cancelNow()
		<-signals
		os.Exit(130)
	}()
	return &stopper{soon: soon, now: now}
}
