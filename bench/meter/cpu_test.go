package meter

import (
	"os"
	"testing"
	"time"
)

func TestOwnCPUAndMemoryAreRead(t *testing.T) {
	t.Parallel()
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 200*time.Millisecond; {
	}
	after, err := CPU(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("CPU went from %v to %v: %v", before, after, err)
	}
	family, err := FamilyCPU(os.Getpid())
	if err != nil || family < after {
		t.Errorf("with its children a process has used %v, alone %v: %v", family, after, err)
	}
	if memory, err := Memory(os.Getpid()); err != nil || memory < 1<<20 {
		t.Errorf("memory is %d: %v", memory, err)
	}
	if _, err := CPU(1 << 30); err == nil {
		t.Error("nobody's CPU was read")
	}
}
