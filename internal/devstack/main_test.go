//go:build linux

package devstack

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// helperVariable turns this test program into an owner of a server, for tests that kill owners.
const helperVariable = "SHIMING_DEVSTACK_HELPER"

func TestMain(m *testing.M) {
	if what := os.Getenv(helperVariable); what != "" {
		if err := helperMain(what); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// helperMain starts a server, prints its process id, and waits to be killed.
func helperMain(what string) error {
	pid := 0
	switch what {
	case "postgres":
		pg, err := StartPostgres(context.Background(), PostgresOptions{})
		if err != nil {
			return err
		}
		pid = pg.process.cmd.Process.Pid
	case "temporal":
		t, err := StartTemporal(context.Background(), TemporalOptions{})
		if err != nil {
			return err
		}
		pid = t.process.cmd.Process.Pid
	}
	fmt.Println("pid", pid)
	select {}
}
