package stacktest

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

// Disk is a disk of a test's own.
type Disk struct {
	Path string

	t testing.TB
}

// SmallDisk mounts a disk that is full after so many bytes; where mounting is not allowed the test is skipped.
func SmallDisk(t testing.TB, bytes int) *Disk {
	t.Helper()
	d := &Disk{Path: t.TempDir(), t: t}
	err := syscall.Mount("tmpfs", d.Path, "tmpfs", 0, size(bytes))
	if errors.Is(err, syscall.EPERM) {
		t.Skip("nobody may mount a disk here")
	}
	if err != nil {
		t.Fatalf("stacktest: mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.Path, syscall.MNT_DETACH); err != nil {
			t.Errorf("stacktest: unmount: %v", err)
		}
	})
	return d
}

// Holds makes it larger, or smaller.
func (d *Disk) Holds(bytes int) { d.t.Helper(); d.remount(0, size(bytes)) }

// ReadOnly lets nothing be written to it any more.
func (d *Disk) ReadOnly() { d.t.Helper(); d.remount(syscall.MS_RDONLY, "") }

// Writable undoes that.
func (d *Disk) Writable() { d.t.Helper(); d.remount(0, "") }

func (d *Disk) remount(flags uintptr, data string) {
	d.t.Helper()
	if err := syscall.Mount("tmpfs", d.Path, "tmpfs", syscall.MS_REMOUNT|flags, data); err != nil {
		d.t.Fatalf("stacktest: remount: %v", err)
	}
}

func size(bytes int) string { return fmt.Sprintf("size=%d", bytes) }
