package main

import (
	"os"
	"testing"
)

// starterVariable turns this test program into the starter, for tests that run it as a process.
const starterVariable = "SHIMING_TEST_AS_STARTER"

func TestMain(m *testing.M) {
	if os.Getenv(starterVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
