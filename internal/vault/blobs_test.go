package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openTestBlobs opens a folder, and says where it is.
func openTestBlobs(t testing.TB, keys *Keys) (*Blobs, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "made", "blobs")
	blobs, err := OpenBlobs(t.Context(), keys, "file://"+filepath.ToSlash(dir))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, blobs.Close()) })
	require.NoError(t, blobs.Ready(t.Context()))
	return blobs, dir
}

// scan is n bytes that do not compress, the same each time.
func scan(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return b
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func readBlob(ctx context.Context, b *Blobs, wrapped []byte, subject, key string) ([]byte, error) {
	r, err := b.Get(ctx, wrapped, subject, key)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

func TestBlobsKeepWhatWasPut(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	wrapped := newTestSubject(t, keys, "reg_1")
	for _, address := range []string{"mem://", filepath.Join(t.TempDir(), "blobs")} {
		blobs, err := OpenBlobs(t.Context(), keys, address)
		require.NoError(t, err)
		for _, size := range []int{0, 1, 4 << 10, 4<<10 + 1, 3<<20 + 7} {
			content := scan(size)
			n, sum, err := blobs.Put(t.Context(), wrapped, "reg_1", "id_card_front/1", iotest.OneByteReader(bytes.NewReader(content[:min(size, 9000)])))
			require.NoError(t, err)
			require.EqualValues(t, min(size, 9000), n)
			require.NotEmpty(t, sum)

			n, sum, err = blobs.Put(t.Context(), wrapped, "reg_1", "id_card_front/1", bytes.NewReader(content))
			require.NoError(t, err, "replaces")
			want := sha256.Sum256(content)
			assert.EqualValues(t, size, n)
			assert.Equal(t, hex.EncodeToString(want[:]), sum)
			got, err := readBlob(t.Context(), blobs, wrapped, "reg_1", "id_card_front/1")
			require.NoError(t, err)
			assert.True(t, bytes.Equal(content, got), "%d bytes", size)
		}
		require.NoError(t, blobs.Close())
	}
}

func TestBlobsAreUnreadableOnDisk(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	blobs, dir := openTestBlobs(t, keys)
	wrapped := newTestSubject(t, keys, "reg_1")
	content := []byte(strings.Repeat("张三 11010519491231002X ", 1000))
	_, _, err := blobs.Put(t.Context(), wrapped, "reg_1", "front", bytes.NewReader(content))
	require.NoError(t, err)
	stored := files(t, dir)
	require.Len(t, stored, 1, "one file, no temporary one")
	b, err := os.ReadFile(stored[0])
	require.NoError(t, err)
	assert.NotContains(t, string(b), "11010519491231002X")
	info, err := os.Stat(stored[0])
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestBlobsFailedPutLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	blobs, dir := openTestBlobs(t, keys)
	wrapped := newTestSubject(t, keys, "reg_1")
	broken := func() io.Reader {
		return io.MultiReader(bytes.NewReader(scan(100_000)), iotest.ErrReader(errors.New("connection lost")))
	}
	_, _, err := blobs.Put(t.Context(), wrapped, "reg_1", "front", broken())
	require.ErrorContains(t, err, "connection lost")
	assert.Empty(t, files(t, dir))
	_, err = blobs.Get(t.Context(), wrapped, "reg_1", "front")
	require.ErrorIs(t, err, ErrNoBlob)

	_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "front", strings.NewReader("old"))
	require.NoError(t, err)
	_, _, err = blobs.Put(t.Context(), wrapped, "reg_1", "front", broken())
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = blobs.Put(ctx, wrapped, "reg_1", "front", bytes.NewReader(scan(100_000)))
	require.Error(t, err)
	got, err := readBlob(t.Context(), blobs, wrapped, "reg_1", "front")
	require.NoError(t, err)
	assert.Equal(t, "old", string(got))
	assert.Len(t, files(t, dir), 1)
}

func TestBlobsRefuseDamage(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	blobs, dir := openTestBlobs(t, keys)
	wrapped := newTestSubject(t, keys, "reg_1")
	content := scan(20_000) // five segments
	_, _, err := blobs.Put(t.Context(), wrapped, "reg_1", "front", bytes.NewReader(content))
	require.NoError(t, err)
	path := files(t, dir)[0]
	sealed, err := os.ReadFile(path)
	require.NoError(t, err)

	for name, damaged := range map[string][]byte{
		"empty":                   {},
		"only a header":           sealed[:40],
		"cut off by a byte":       sealed[:len(sealed)-1],
		"cut off at a segment":    sealed[:2*4096],
		"cut off in a segment":    sealed[:10_000],
		"more at the end":         append(bytes.Clone(sealed), 0),
		"a changed byte":          flip(sealed, 9000),
		"a changed header":        flip(sealed, 3),
		"segments in other order": append(append(bytes.Clone(sealed[:4096]), sealed[2*4096:3*4096]...), append(bytes.Clone(sealed[4096:2*4096]), sealed[3*4096:]...)...),
	} {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		got, err := readBlob(t.Context(), blobs, wrapped, "reg_1", "front")
		require.ErrorIs(t, err, ErrSealed, name)
		assert.True(t, bytes.HasPrefix(content, got), "%s: what was read before is genuine", name)
		assert.Less(t, len(got), len(content), name)
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func TestBlobsBelongToTheirSubjectAndKey(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	blobs, dir := openTestBlobs(t, keys)
	one, two := newTestSubject(t, keys, "reg_1"), newTestSubject(t, keys, "reg_2")
	put := func(wrapped []byte, subject, key string) string {
		_, _, err := blobs.Put(t.Context(), wrapped, subject, key, strings.NewReader(subject+key))
		require.NoError(t, err)
		return filepath.Join(dir, subject, key)
	}
	front, back, other := put(one, "reg_1", "front"), put(one, "reg_1", "back"), put(two, "reg_2", "front")
	move := func(from, to string) {
		b, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, b, 0o600))
	}
	move(front, back)
	_, err := readBlob(t.Context(), blobs, one, "reg_1", "back")
	require.ErrorIs(t, err, ErrSealed, "another key's file")
	move(front, other)
	_, err = readBlob(t.Context(), blobs, two, "reg_2", "front")
	require.ErrorIs(t, err, ErrSealed, "another subject's file")
	_, err = blobs.Get(t.Context(), two, "reg_1", "front")
	require.ErrorIs(t, err, ErrDataKey)

	for _, bad := range []struct{ subject, key string }{{"", "k"}, {"a/b", "k"}, {`a\b`, "k"}, {"reg_1", ""}} {
		_, _, err := blobs.Put(t.Context(), one, bad.subject, bad.key, strings.NewReader("x"))
		require.Error(t, err, "%+v", bad)
	}
}

func TestBlobsDelete(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	blobs, _ := openTestBlobs(t, keys)
	wrapped := map[string][]byte{}
	for _, subject := range []string{"reg_1", "reg_12"} {
		wrapped[subject] = newTestSubject(t, keys, subject)
		for _, key := range []string{"a", "b", "c/d"} {
			_, _, err := blobs.Put(t.Context(), wrapped[subject], subject, key, strings.NewReader("x"))
			require.NoError(t, err)
		}
	}
	has := func(subject, key string) bool {
		_, err := readBlob(t.Context(), blobs, wrapped[subject], subject, key)
		if !errors.Is(err, ErrNoBlob) {
			require.NoError(t, err)
		}
		return err == nil
	}
	require.NoError(t, blobs.Delete(t.Context(), "reg_1", "a"))
	require.NoError(t, blobs.Delete(t.Context(), "reg_1", "a"), "deleting again")
	assert.False(t, has("reg_1", "a"))
	assert.True(t, has("reg_1", "b"))

	require.NoError(t, blobs.DeleteSubject(t.Context(), "reg_1"))
	assert.False(t, has("reg_1", "b"))
	assert.False(t, has("reg_1", "c/d"))
	assert.True(t, has("reg_12", "b"), "a longer name is another subject")
	require.Error(t, blobs.DeleteSubject(t.Context(), ""), "nobody deletes everything")
}

func TestOpenBlobsRefusesWhatItCannotOpen(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "unknown://x", "://", "file:///dev/null"} {
		_, err := OpenBlobs(t.Context(), nil, address)
		require.Error(t, err, address)
	}
}
