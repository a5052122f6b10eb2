package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
)

// A disk that is full, or read-only, keeps nothing, not even half of a blob, and says so; so does a look at whether it would.
func TestAFullDiskKeepsNothing(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		breaks, mends func(*stacktest.Disk)
		why           error
	}{
		"full":      {func(d *stacktest.Disk) { d.Holds(4 << 10) }, func(d *stacktest.Disk) { d.Holds(8 << 20) }, syscall.ENOSPC},
		"read-only": {(*stacktest.Disk).ReadOnly, (*stacktest.Disk).Writable, syscall.EROFS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk, keys := stacktest.SmallDisk(t, 8<<20), newTestKeys(t)
			blobs, err := OpenBlobs(t.Context(), keys, filepath.Join(disk.Path, "blobs"))
			require.NoError(t, err)
			wrapped := newTestSubject(t, keys, "reg_1")
			_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "old", strings.NewReader("old"))
			require.NoError(t, err)
			require.NoError(t, blobs.Ready(t.Context()))
			before := files(t, disk.Path)

			one.breaks(disk)
			_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "front", bytes.NewReader(scan(200<<10)))
			require.ErrorIs(t, err, ErrStorage)
			require.ErrorIs(t, err, one.why)
			require.Equal(t, before, files(t, disk.Path), "no half of it")
			require.ErrorIs(t, blobs.Ready(t.Context()), ErrStorage, "it is known at once")
			got, err := readBlob(t.Context(), blobs, wrapped, "reg_1", "old")
			require.NoError(t, err)
			require.Equal(t, "old", string(got))

			one.mends(disk)
			_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "front", bytes.NewReader(scan(200<<10)))
			require.NoError(t, err)
			require.NoError(t, blobs.Ready(t.Context()), "that is known too")
			require.NoError(t, blobs.Close())
		})
	}
}

// A disk with room for a probe and for no scan is well: it does not go out of rotation with each upload, and come back.
func TestAScanThatDoesNotFitIsNoVerdict(t *testing.T) {
	t.Parallel()
	disk, keys := stacktest.SmallDisk(t, 64<<10), newTestKeys(t)
	blobs, err := OpenBlobs(t.Context(), keys, filepath.Join(disk.Path, "blobs"))
	require.NoError(t, err)
	wrapped := newTestSubject(t, keys, "reg_1")
	for range 3 {
		_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "front", bytes.NewReader(scan(200<<10)))
		require.ErrorIs(t, err, ErrStorage)
		require.NoError(t, blobs.Ready(t.Context()))
	}
	put(t, blobs, wrapped, "small", "content")
	require.NoError(t, blobs.Ready(t.Context()))
	require.NoError(t, blobs.Close())
}

// Nobody has tried to store anything: whether it would be kept is found out all the same, and leaves nothing behind.
func TestAFullDiskIsFoundOutWithoutAnUpload(t *testing.T) {
	t.Parallel()
	disk := stacktest.SmallDisk(t, 64<<10)
	require.NoError(t, os.WriteFile(filepath.Join(disk.Path, "log"), make([]byte, 64<<10), 0o600))
	blobs, err := OpenBlobs(t.Context(), newTestKeys(t), filepath.Join(disk.Path, "blobs"))
	require.NoError(t, err)
	require.ErrorIs(t, blobs.Ready(t.Context()), syscall.ENOSPC)
	require.Len(t, files(t, disk.Path), 1)
	disk.Holds(1 << 20)
	require.Eventually(t, func() bool { return blobs.Ready(t.Context()) == nil }, 10*brokenFor, brokenFor/10)
	require.Len(t, files(t, disk.Path), 1)
	require.NoError(t, blobs.Close())
}

// What was mounted is not any more: that is no blob that is gone, and nothing is written below.
func TestAnotherDiskIsNotTakenForAnEmptyOne(t *testing.T) {
	t.Parallel()
	disk, keys := stacktest.SmallDisk(t, 8<<20), newTestKeys(t)
	blobs, err := OpenBlobs(t.Context(), keys, disk.Path)
	require.NoError(t, err)
	wrapped := newTestSubject(t, keys, "reg_1")
	sum := put(t, blobs, wrapped, "front", "content")
	require.NoError(t, syscall.Mount("tmpfs", disk.Path, "tmpfs", 0, "size=1m"))
	require.ErrorIs(t, blobs.Check(t.Context(), wrapped, "reg_1", "front", 7, sum), ErrStorage)
	_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "back", strings.NewReader("x"))
	require.ErrorIs(t, err, ErrStorage)
	require.Empty(t, files(t, disk.Path))
	require.NoError(t, syscall.Unmount(disk.Path, syscall.MNT_DETACH))
	require.NoError(t, blobs.Check(t.Context(), wrapped, "reg_1", "front", 7, sum))
	require.ErrorIs(t, blobs.Check(t.Context(), wrapped, "reg_1", "none", 7, sum), ErrNoBlob)
	require.NoError(t, blobs.Close())
}

func put(t *testing.T, blobs *Blobs, wrapped []byte, key, content string) (sum string) {
	t.Helper()
	_, sum, err := blobs.Put(t.Context(), wrapped, "reg_1", key, strings.NewReader(content))
	require.NoError(t, err)
	return sum
}

// Whoever sends is not the storage: what they break off says nothing about it.
func TestASenderWhoLeavesIsNoBrokenStorage(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	blobs, _ := openTestBlobs(t, keys)
	wrapped, gone := newTestSubject(t, keys, "reg_1"), errors.New("gone")
	_, _, err := blobs.Put(t.Context(), wrapped, "reg_1", "front", iotest.ErrReader(gone))
	require.ErrorIs(t, err, gone)
	require.NotErrorIs(t, err, ErrStorage)
	left, leave := context.WithCancel(t.Context())
	leave()
	_, _, err = blobs.Put(left, wrapped, "reg_1", "front", strings.NewReader("x"))
	require.NotErrorIs(t, err, ErrStorage)
	require.NoError(t, blobs.Ready(t.Context()))
}
