package backup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/backup"
	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// product is a database with scans and keys, as the product leaves them.
type product struct {
	t      *testing.T
	url    string
	keys   *vault.Keys
	store  *postgres.Store
	blobs  *vault.Blobs
	cal    workday.Calendar
	client backup.Client
	dir    string // of backups
}

func newKeys(t *testing.T) *vault.Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(path))
	keys, err := vault.LoadKeys(path)
	require.NoError(t, err)
	return keys
}

func newProduct(t *testing.T) *product {
	t.Helper()
	p := &product{t: t, url: stacktest.Database(t, postgres.Migrate), keys: newKeys(t), dir: t.TempDir()}
	major, err := backup.ServerMajor(t.Context(), p.url)
	require.NoError(t, err)
	found, err := devstack.FindPostgresClient(t.Context(), major)
	if err != nil {
		t.Skip(err)
	}
	p.client = backup.Client{Dump: found.Dump, Restore: found.Restore}
	p.cal, err = workday.New()
	require.NoError(t, err)
	p.store, err = postgres.Open(t.Context(), p.url, p.keys, p.cal)
	require.NoError(t, err)
	t.Cleanup(p.store.Close)
	p.blobs = p.newBlobs()
	return p
}

func (p *product) newBlobs() *vault.Blobs {
	p.t.Helper()
	blobs, err := vault.OpenBlobs(p.t.Context(), p.keys, p.t.TempDir())
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = blobs.Close() })
	return blobs
}

// registers opens the registration of an account, with a document, and returns the name of its scan.
func (p *product) registers(account string) (scan string) {
	p.t.Helper()
	ctx, id, key := p.t.Context(), registration.NewID("reg"), registration.NewID("blob")
	require.NoError(p.t, p.store.NewSubject(ctx, id))
	ref, err := p.store.Put(ctx, postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"})
	require.NoError(p.t, err)
	result, err := p.store.Steps().Open(ctx, registration.Application{
		RegistrationID: id, AccountID: account, Kind: registration.Individual, Locale: registration.Chinese, ApplicantRef: ref,
	})
	require.NoError(p.t, err)
	require.Nil(p.t, result.Refusal)
	wrapped, err := p.store.DataKey(ctx, id)
	require.NoError(p.t, err)
	size, sum, err := p.blobs.Put(ctx, wrapped, id, key, strings.NewReader("the front of "+account))
	require.NoError(p.t, err)
	_, err = p.store.Pool().Exec(ctx, `insert into documents (id, subject, slot, sha256, size, content_type, blob_key, at)
		values ($1, $2, 'id_card_front', $3, $4, 'image/png', $5, now())`, registration.NewID("doc"), id, sum, size, key)
	require.NoError(p.t, err)
	return id + "/" + key
}

func (p *product) source() backup.Source {
	return backup.Source{DatabaseURL: p.url, Keys: p.keys, Blobs: p.blobs, Client: p.client, Say: func(string) {}}
}

func (p *product) taken() (string, backup.Manifest) {
	p.t.Helper()
	path, m, err := backup.Take(p.t.Context(), p.source(), p.dir)
	require.NoError(p.t, err)
	return path, m
}

func (p *product) target(url string) backup.Target {
	return backup.Target{
		DatabaseURL: url, Keys: p.keys, Blobs: p.newBlobs(), Client: p.client, Say: func(string) {},
		Parts: []string{backup.PartDatabase, backup.PartScans},
	}
}

func (p *product) rehearsal(keys *vault.Keys) (backup.Report, error) {
	return backup.Rehearse(p.t.Context(), p.dir, backup.Rehearsal{
		ScratchURL: stacktest.Database(p.t, nil), Keys: keys, Calendar: p.cal, Client: p.client, Say: func(string) {}, Sample: 10, Within: time.Hour,
	})
}

// count is how many registrations a database has.
func count(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from registrations`).Scan(&n))
	return n
}

func TestABackupIsPutBackAsItWas(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	scans := []string{p.registers("acct-1"), p.registers("acct-2")}
	path, m := p.taken()
	p.registers("acct-3") // after it
	assert.EqualValues(t, 2, m.Tables["registrations"])
	assert.Equal(t, 2, m.Scans.Count)
	assert.Empty(t, m.Scans.Missing)

	require.NoError(t, backup.Check(t.Context(), path, m, p.keys))
	if tool, err := exec.LookPath("sha256sum"); err == nil { // as the operations page has it
		check := exec.CommandContext(t.Context(), tool, "--check", "--quiet", "scans.sha256")
		check.Dir = path
		said, err := check.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	empty := stacktest.Database(t, nil)
	to := p.target(empty)
	done, err := backup.Restore(t.Context(), path, m, to)
	require.NoError(t, err)
	assert.Equal(t, 2, done.ScansPut)
	require.NoError(t, postgres.Migrate(t.Context(), empty))
	assert.Equal(t, 2, count(t, empty))
	var there []string
	for scan, err := range to.Blobs.Sealed(t.Context()) {
		require.NoError(t, err)
		there = append(there, scan.Name)
	}
	assert.ElementsMatch(t, scans, there)
}

// Nobody but its owner reads a backup, and it holds nothing that could be read without the keys.
func TestABackupIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-1")
	path, _ := p.taken()
	require.NoError(t, filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "%s: %s", path, info.Mode())
		return nil
	}))
	raw, err := os.ReadFile(filepath.Join(path, "manifest.json"))
	require.NoError(t, err)
	var keys struct{ Keys vault.KeysMark }
	require.NoError(t, json.Unmarshal(raw, &keys))
	require.NoError(t, keys.Keys.Fits(p.keys))
	require.ErrorIs(t, keys.Keys.Fits(newKeys(t)), vault.ErrOtherKeys)
}

func TestAnUnfinishedBackupIsNone(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-1")
	_, _, err := backup.Find(p.dir)
	require.ErrorIs(t, err, backup.ErrNoBackup)

	broken := p.source()
	broken.Client.Dump = "/bin/false"
	_, _, err = backup.Take(t.Context(), broken, p.dir)
	require.Error(t, err)
	left, err := os.ReadDir(p.dir)
	require.NoError(t, err)
	assert.Empty(t, left, "nothing stays of one that failed")

	killed := filepath.Join(p.dir, ".20260101T000000Z.unfinished") // as a kill leaves it
	require.NoError(t, os.MkdirAll(killed, 0o700))
	path, _ := p.taken()
	assert.NoDirExists(t, killed)
	found, _, err := backup.Find(p.dir)
	require.NoError(t, err)
	assert.Equal(t, path, found)

	require.NoError(t, os.Remove(filepath.Join(path, "manifest.json")))
	_, _, err = backup.Find(p.dir)
	require.ErrorIs(t, err, backup.ErrNoBackup, "the manifest is what makes it one")
}

func TestARestoreRefusesWhatWouldHurt(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-1")
	path, m := p.taken()

	to := p.target(p.url)
	_, err := backup.Restore(t.Context(), path, m, to)
	require.ErrorContains(t, err, "in use")
	to.Force = true
	_, err = backup.Restore(t.Context(), path, m, to)
	require.ErrorContains(t, err, "--replace")

	require.ErrorIs(t, backup.Check(t.Context(), path, m, newKeys(t)), vault.ErrOtherKeys)
	damage(t, filepath.Join(path, "database.dump"))
	require.ErrorIs(t, backup.Check(t.Context(), path, m, p.keys), backup.ErrDamaged)
	assert.Equal(t, 1, count(t, p.url))
}

// damage changes a byte in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	raw[len(raw)/2] ^= 1
	require.NoError(t, os.WriteFile(path, raw, 0o600))
}

// A restore that fails leaves what was there; one that was killed begins anew.
func TestWhatIsReplacedStaysUntilTheBackupIsWhole(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-1")
	path, m := p.taken()
	p.registers("acct-2")
	p.store.Close()

	to := p.target(p.url)
	to.Replace, to.Client.Restore = true, "/bin/false"
	_, err := backup.Restore(t.Context(), path, m, to)
	require.Error(t, err)
	assert.Equal(t, 2, count(t, p.url), "nothing was lost")

	conn, err := pgx.Connect(t.Context(), p.url) // as a kill leaves it
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "alter schema public rename to shiming_replaced; create schema public")
	require.NoError(t, err)
	_, err = backup.Restore(t.Context(), path, m, to)
	require.ErrorContains(t, err, "in use")
	require.NoError(t, conn.Close(t.Context()))
	_, err = backup.Restore(t.Context(), path, m, to)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "in use", "who has left is waited for")
	assert.Equal(t, 2, count(t, p.url), "it was found and taken back")

	to.Client = p.client
	_, err = backup.Restore(t.Context(), path, m, to)
	require.NoError(t, err)
	assert.Equal(t, 1, count(t, p.url))
}

// What a backup has put back is held from the moment on at which it is there, also if the command is killed before it has said so.
func TestWhatIsPutBackIsHeldByItself(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-1")
	path, m := p.taken()
	p.store.Close()
	isHeld := func(want bool) *postgres.Store {
		t.Helper()
		store, err := postgres.Open(t.Context(), p.url, p.keys, p.cal)
		require.NoError(t, err)
		held, err := store.IsHeld(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, held)
		return store
	}
	to := p.target(p.url)
	to.Replace, to.Force, to.Client.Restore = true, true, "/bin/false"
	_, err := backup.Restore(t.Context(), path, m, to)
	require.Error(t, err)
	isHeld(false).Close() // what was there is there again

	to.Client = p.client
	_, err = backup.Restore(t.Context(), path, m, to)
	require.NoError(t, err)
	store := isHeld(true) // the command is killed here
	refusal, err := store.MayRegister(t.Context(), "acct-new", "reg_new")
	require.NoError(t, err)
	require.Equal(t, registration.CodeHeldAfterRestore, refusal.Code)
	store.Close()

	to.Client.Restore = "/bin/false" // it is done again, and fails
	_, err = backup.Restore(t.Context(), path, m, to)
	require.Error(t, err)
	store = isHeld(true)
	defer store.Close()
	require.NoError(t, store.Hold(t.Context(), "a backup was put back", m.TakenAt))
	require.NoError(t, store.EndHold(t.Context(), "ops:chen", "repaired", 12))
	isHeld(false).Close()
}

// The next backup shares the scans that it has in common with the one before.
func TestScansAreKeptOnce(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	first := p.registers("acct-1")
	one, _ := p.taken()
	require.NoError(t, os.Rename(one, filepath.Join(p.dir, "20260101T000000Z")))
	one = filepath.Join(p.dir, "20260101T000000Z")
	second := p.registers("acct-2")
	two, m := p.taken()
	assert.Equal(t, 2, m.Scans.Count)
	before, err := os.Stat(filepath.Join(one, "scans", first))
	require.NoError(t, err)
	after, err := os.Stat(filepath.Join(two, "scans", first))
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.FileExists(t, filepath.Join(two, "scans", second))
	require.NoError(t, backup.Check(t.Context(), two, m, p.keys))
}

func TestADrillFindsWhatIsAmiss(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-1")
	lost := p.registers("acct-2")
	path, _ := p.taken()
	r, err := p.rehearsal(p.keys)
	require.NoError(t, err)
	assert.Empty(t, r.Amiss)
	assert.Equal(t, 2, r.Opened, "who they are")
	assert.Equal(t, 2, r.Scans)
	assert.Positive(t, r.Rows)

	_, err = p.rehearsal(newKeys(t))
	require.ErrorIs(t, err, vault.ErrOtherKeys)

	claim(t, path, func(m *backup.Manifest) { m.Tables["registrations"], m.TakenAt = 3, m.TakenAt.Add(-2*time.Hour) })
	r, err = p.rehearsal(p.keys)
	require.NoError(t, err)
	require.Len(t, r.Amiss, 2, "%v", r.Amiss)
	assert.Contains(t, r.Amiss[0], "2h0m")
	assert.Contains(t, r.Amiss[1], "registrations has 2 rows, and had 3")

	subject, key, _ := strings.Cut(lost, "/")
	require.NoError(t, os.Rename(path, filepath.Join(p.dir, "20260101T000000Z")))
	require.NoError(t, p.blobs.Delete(t.Context(), subject, key)) // the store loses it
	_, m := p.taken()
	assert.Len(t, m.Scans.Missing, 1)
	r, err = p.rehearsal(p.keys)
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(r.Amiss, func(s string) bool { return strings.Contains(s, m.Scans.Missing[0]) }), "%v", r.Amiss)
	assert.Equal(t, 1, r.Scans)
}

// claim changes what a manifest says.
func claim(t *testing.T, path string, change func(*backup.Manifest)) {
	t.Helper()
	file := filepath.Join(path, "manifest.json")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var m backup.Manifest
	require.NoError(t, json.Unmarshal(raw, &m))
	change(&m)
	raw, err = json.Marshal(m)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
}

// While rows are written, a backup is of one moment: each registration in it has its timeline, and each document its scan.
func TestABackupIsOfOneMoment(t *testing.T) {
	t.Parallel()
	p := newProduct(t)
	p.registers("acct-0")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 40 {
			p.registers(fmt.Sprintf("acct-%d", i+1))
		}
	}()
	_, m := p.taken()
	<-done
	assert.Equal(t, m.Tables["registrations"], m.Tables["timeline"])
	r, err := p.rehearsal(p.keys)
	require.NoError(t, err)
	assert.Empty(t, r.Amiss)
}
