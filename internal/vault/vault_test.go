package vault

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// newTestKeys makes keys in a file and loads them.
func newTestKeys(t testing.TB) *Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, GenerateKeyFile(path))
	keys, err := LoadKeys(path)
	require.NoError(t, err)
	return keys
}

func newTestSubject(t testing.TB, keys *Keys, subject string) []byte {
	t.Helper()
	wrapped, err := keys.NewDataKey(subject)
	require.NoError(t, err)
	return wrapped
}

// place is a subject's own of a purpose.
func place(subject, purpose string) Place {
	return Place{Subject: subject, Purpose: purpose, Row: "row", Name: "name"}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	wrapped := newTestSubject(t, keys, "reg_1")
	for _, plaintext := range []string{"", "a", "622202 0000 0000", string(bytes.Repeat([]byte{0}, 1<<20))} {
		sealed, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte(plaintext))
		require.NoError(t, err)
		if len(plaintext) > 8 {
			assert.NotContains(t, string(sealed), plaintext)
		}
		got, err := keys.Open(wrapped, place("reg_1", "card"), sealed)
		require.NoError(t, err)
		assert.Equal(t, plaintext, string(got))
	}
	one, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte("same"))
	require.NoError(t, err)
	two, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte("same"))
	require.NoError(t, err)
	assert.NotEqual(t, one, two, "equal values must not look equal")
}

func TestSealedContentOpensNowhereElse(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	one, two := newTestSubject(t, keys, "reg_1"), newTestSubject(t, keys, "reg_2")
	sealed, err := keys.Seal(one, place("reg_1", "card"), 64, []byte("secret"))
	require.NoError(t, err)

	for name, c := range map[string]struct {
		wrapped          []byte
		subject, purpose string
		want             error
	}{
		"another purpose":                      {one, "reg_1", "contact", ErrSealed},
		"another subject":                      {two, "reg_2", "card", ErrSealed},
		"another subject's key":                {two, "reg_1", "card", ErrDataKey},
		"the key under another subject":        {one, "reg_2", "card", ErrDataKey},
		"the same letters, otherwise parted":   {one, "reg_1c", "ard", ErrDataKey},
		"no key":                               {nil, "reg_1", "card", ErrDataKey},
		"a cut-off key":                        {one[:len(one)-1], "reg_1", "card", ErrDataKey},
		"another subject's key, cached before": {two, "reg_1", "card", ErrDataKey},
	} {
		_, err := keys.Open(c.wrapped, place(c.subject, c.purpose), sealed)
		require.ErrorIs(t, err, c.want, name)
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err = newTestKeys(t).Open(one, place("reg_1", "card"), sealed)
	require.ErrorIs(t, err, ErrDataKey, "another installation's keys")
}

// A value opens at its own place alone, of whatever part another is of.
func TestAPlaceIsAllOfIt(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	wrapped := newTestSubject(t, keys, "reg_1")
	own := Place{Subject: "reg_1", Purpose: "company", Row: "pay_1", Name: "vlt_1"}
	sealed, err := keys.Seal(wrapped, own, 64, []byte("secret"))
	require.NoError(t, err)
	for _, other := range []Place{
		{Subject: "reg_1", Purpose: "contact", Row: "pay_1", Name: "vlt_1"},
		{Subject: "reg_1", Purpose: "company", Row: "pay_2", Name: "vlt_1"},
		{Subject: "reg_1", Purpose: "company", Row: "pay_1", Name: "vlt_2"},
		{Subject: "reg_1", Purpose: "company", Row: "pay_1v", Name: "lt_1"},
		{Subject: "reg_1", Purpose: "company/pay_1", Name: "vlt_1"},
	} {
		_, err := keys.Open(wrapped, other, sealed)
		require.ErrorIs(t, err, ErrSealed, "%+v", other)
	}
	_, err = keys.Open(wrapped, own, sealed[1:])
	require.ErrorIs(t, err, ErrSealed, "what is sealed for a place is nothing that was sealed before there were any")
}

// What was sealed before there were places opens still, bound to less.
func TestOlderSealsOpen(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	wrapped := newTestSubject(t, keys, "reg_1")
	own, err := keys.subject(wrapped, "reg_1")
	require.NoError(t, err)
	for place, bound := range map[Place]string{
		{Subject: "reg_1", Purpose: "card", Row: "act_1", Name: "vlt_1"}: "card/vlt_1",
		{Subject: "reg_1", Purpose: "webhook secret", Row: "whe_1"}:      "webhook secret",
	} {
		sealed, err := own.values.Encrypt([]byte("secret"), bind("value", "reg_1", bound))
		require.NoError(t, err)
		got, err := keys.Open(wrapped, place, sealed)
		require.NoError(t, err)
		assert.Equal(t, "secret", string(got))
		place.Purpose = "contact"
		_, err = keys.Open(wrapped, place, sealed)
		require.ErrorIs(t, err, ErrSealed)
	}
}

// The length of what is sealed tells how many blocks it fills, and nothing else.
func TestLengthsTellBlocks(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	wrapped := newTestSubject(t, keys, "reg_1")
	length := func(n int) int {
		sealed, err := keys.Seal(wrapped, place("reg_1", "card"), 64, bytes.Repeat([]byte{0x80}, n))
		require.NoError(t, err)
		got, err := keys.Open(wrapped, place("reg_1", "card"), sealed)
		require.NoError(t, err)
		require.Len(t, got, n)
		return len(sealed)
	}
	for n := range 64 {
		require.Equal(t, length(0), length(n), "%d bytes", n)
	}
	require.Equal(t, length(0)+64, length(64))
}

func TestTamperedContentIsRefused(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	wrapped := newTestSubject(t, keys, "reg_1")
	sealed, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte("secret"))
	require.NoError(t, err)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err := keys.Open(wrapped, place("reg_1", "card"), changed)
		require.ErrorIs(t, err, ErrSealed, "byte %d", i)
		_, err = keys.Open(wrapped, place("reg_1", "card"), sealed[:i])
		require.ErrorIs(t, err, ErrSealed, "cut off at %d", i)
	}
}

func TestDataKeyNeedsASubject(t *testing.T) {
	t.Parallel()
	_, err := newTestKeys(t).NewDataKey("")
	require.Error(t, err)
}

func TestDataKeyFitsAKMS(t *testing.T) {
	t.Parallel()
	assert.Less(t, len(newTestSubject(t, newTestKeys(t), "reg_1")), 4096)
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, GenerateKeyFile(path))
	keys, err := LoadKeys(path)
	require.NoError(t, err)
	again, err := LoadKeys(path)
	require.NoError(t, err)

	const id = "11010519491231002X"
	got := keys.Fingerprint("resident_id", id)
	assert.Len(t, got, 32)
	assert.Equal(t, got, again.Fingerprint("resident_id", id), "the same after a restart")
	assert.Equal(t, fmt.Sprintf("%x", got), keys.FingerprintHex("resident_id", id))
	for name, other := range map[string][]byte{
		"another value":                      keys.Fingerprint("resident_id", "110105194912310038"),
		"another domain":                     keys.Fingerprint("bank_account", id),
		"the same letters, otherwise parted": keys.Fingerprint("resident_id1", id[1:]),
		"another key":                        newTestKeys(t).Fingerprint("resident_id", id),
	} {
		assert.NotEqual(t, got, other, name)
	}
}

// rotated gives a keyset that encrypts with a new key and still knows old's.
func rotated(t *testing.T, old *keyset.Handle) *keyset.Handle {
	t.Helper()
	m := keyset.NewManagerFromHandle(old)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	require.NoError(t, m.SetPrimary(id))
	h, err := m.Handle()
	require.NoError(t, err)
	return h
}

func TestMasterKeyRotation(t *testing.T) {
	t.Parallel()
	handle := func(h *keyset.Handle, err error) *keyset.Handle {
		require.NoError(t, err)
		return h
	}
	oldMaster, oldEngine := handle(keyset.NewHandle(aead.AES256GCMKeyTemplate())), handle(keyset.NewHandle(aead.AES256GCMKeyTemplate()))
	fingerprint := handle(keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate()))
	with := func(master, engine *keyset.Handle) *Keys {
		primitive, err := aead.New(master)
		require.NoError(t, err)
		keys, err := newKeys(primitive, fingerprint, engine)
		require.NoError(t, err)
		return keys
	}
	before := with(oldMaster, oldEngine)
	wrapped := newTestSubject(t, before, "reg_1")
	sealed, err := before.Seal(wrapped, place("reg_1", "card"), 64, []byte("secret"))
	require.NoError(t, err)

	newMaster := rotated(t, oldMaster)
	after := with(newMaster, rotated(t, oldEngine))
	got, err := after.Open(wrapped, place("reg_1", "card"), sealed)
	require.NoError(t, err)
	assert.Equal(t, "secret", string(got))
	assert.Equal(t, before.Fingerprint("d", "v"), after.Fingerprint("d", "v"))

	rewrapped, err := after.Rewrap(wrapped, "reg_1")
	require.NoError(t, err)
	_, err = before.Open(rewrapped, place("reg_1", "card"), sealed)
	require.ErrorIs(t, err, ErrDataKey, "wrapped with the new key now")
	got, err = after.Open(rewrapped, place("reg_1", "card"), sealed)
	require.NoError(t, err)
	assert.Equal(t, "secret", string(got))
	_, err = after.Rewrap(wrapped, "reg_2")
	require.ErrorIs(t, err, ErrDataKey)

	_, oldID := before.Engine()
	_, newID := after.Engine()
	assert.NotEqual(t, oldID, newID)
}

// counting counts what a KMS would be asked.
type counting struct {
	tink.AEAD
	mu      sync.Mutex
	decrypt int
}

func (c *counting) Decrypt(ciphertext, bound []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decrypt++
	return c.AEAD.Decrypt(ciphertext, bound)
}

func TestOpenKeysAreRememberedAndForgotten(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	master := &counting{AEAD: keys.master}
	keys.master, keys.open = master, newOpenKeys(2)
	wrapped := map[string][]byte{}
	for _, s := range []string{"a", "b", "c"} {
		wrapped[s] = newTestSubject(t, keys, s)
	}
	use := func(subject string, wantUnwraps int) {
		t.Helper()
		_, err := keys.Seal(wrapped[subject], place(subject, "p"), 64, nil)
		require.NoError(t, err)
		assert.Equal(t, wantUnwraps, master.decrypt, "after %s", subject)
		assert.LessOrEqual(t, keys.open.recent.Len(), 2)
		assert.Len(t, keys.open.bySubject, keys.open.recent.Len())
	}
	use("a", 1)
	use("a", 1)
	use("b", 2)
	use("a", 2) // b is the oldest now
	use("c", 3) // and makes room
	use("a", 3)
	use("b", 4)
	keys.Forget("b")
	keys.Forget("never seen")
	use("b", 5)
}

func TestKeysAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	keys := newTestKeys(t)
	keys.open = newOpenKeys(3)
	var all sync.WaitGroup
	for i := range 8 {
		subject := fmt.Sprintf("reg_%d", i%5)
		wrapped := newTestSubject(t, keys, subject)
		all.Go(func() {
			for range 50 {
				sealed, err := keys.Seal(wrapped, place(subject, "p"), 64, []byte(subject))
				assert.NoError(t, err)
				got, err := keys.Open(wrapped, place(subject, "p"), sealed)
				assert.NoError(t, err)
				assert.Equal(t, subject, string(got))
				keys.Forget(subject)
			}
		})
	}
	all.Wait()
}

func FuzzOpen(f *testing.F) {
	keys := newTestKeys(f)
	wrapped := newTestSubject(f, keys, "reg_1")
	sealed, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte("secret"))
	require.NoError(f, err)
	f.Add(wrapped, sealed)
	f.Add(wrapped, []byte{})
	f.Add([]byte{}, sealed)
	f.Add(wrapped[:5], sealed[:5])
	f.Add(bytes.Repeat([]byte{1}, 64), bytes.Repeat([]byte{1}, 64))
	f.Fuzz(func(t *testing.T, w, s []byte) {
		got, err := keys.Open(w, place("reg_1", "card"), s)
		if bytes.Equal(w, wrapped) && bytes.Equal(s, sealed) {
			require.NoError(t, err)
			require.Equal(t, "secret", string(got))
			return
		}
		require.Error(t, err)
		require.Nil(t, got)
	})
}

func BenchmarkSeal(b *testing.B) {
	keys := newTestKeys(b)
	wrapped := newTestSubject(b, keys, "reg_1")
	for b.Loop() {
		if _, err := keys.Seal(wrapped, place("reg_1", "card"), 64, []byte("622202 0000 0000")); err != nil {
			b.Fatal(err)
		}
	}
}
