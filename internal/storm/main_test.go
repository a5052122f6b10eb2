package storm

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// roleVariable says in the environment of a child which process of the product it plays; see roles_test.go.
const roleVariable = "SHIMING_STORM_ROLE"

// What can be asked for: by flags, or by variables, which `make storm` sets.
var (
	wanted        = flag.Bool("storm", os.Getenv("SHIMING_STORM") != "", "run the storm")
	seed          = flag.Uint64("seed", number("SEED", 0), "repeat the plan of this seed; 0: a new one")
	kills         = flag.Int("kills", int(number("KILLS", 210)), "how often a process is killed")
	registrations = flag.Int("registrations", int(number("REGISTRATIONS", 124)), "how many registrations there are; clearings come on top")
	restores      = flag.Bool("restores", os.Getenv("SHIMING_RESTORES") != "", "put the database or the engine back to an earlier time")
	lifeFor       = flag.Duration("life", time.Duration(number("LIFE", 14))*time.Second, "how long people act before a backup, and after it")
	quietFor      = flag.Duration("quiet", time.Minute, "how long nothing calls the product before it is looked at")
)

// number reads a variable that may be empty.
func number(name string, otherwise uint64) uint64 {
	n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		fmt.Fprintln(os.Stderr, role, "ended:", play(context.Background(), role))
		os.Exit(1) // a process of the product ends when it is killed, or by a fault of its own
	}
	os.Exit(m.Run())
}
