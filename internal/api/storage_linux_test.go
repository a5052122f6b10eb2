package api

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/papers"
	"shiming/internal/postgres"
	"shiming/internal/vault"
)

// newWorldOnADisk is a world whose scans are on a disk of its own.
func newWorldOnADisk(t *testing.T, bytes int) (*world, *stacktest.Disk) {
	t.Helper()
	disk := stacktest.SmallDisk(t, bytes)
	dir := filepath.Join(disk.Path, "blobs")
	w := newWorld(t, func(d *Deps) {
		blobs, err := vault.OpenBlobs(t.Context(), d.Keys, dir)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, blobs.Close()) })
		d.Blobs = blobs
	})
	w.blobDir = dir
	return w, disk
}

// filled leaves no room on a disk, not even for a probe.
func filled(d *stacktest.Disk) {
	const size = 64 << 10
	if err := os.WriteFile(filepath.Join(d.Path, "log"), make([]byte, size), 0o600); err != nil {
		panic(err)
	}
	d.Holds(size)
}

// An upload for which there is no room leaves nothing: no row, no file, no key that is taken. With room the same call is done.
func TestAnUploadToAFullDiskLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct{ breaks, mends func(*stacktest.Disk) }{
		"full":      {filled, func(d *stacktest.Disk) { d.Holds(8 << 20) }},
		"read-only": {(*stacktest.Disk).ReadOnly, (*stacktest.Disk).Writable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, disk := newWorldOnADisk(t, 8<<20)
			path := w.open("acct-1", "individual") + "/documents/id_card_front"
			scan := png(strings.Repeat("x", 100<<10))
			rows := w.rows()
			one.breaks(disk)
			w.as("platform").put(path, scan).refused(503, "storage_unavailable")
			w.as("platform").withKey("k").put(path, scan).refused(503, "storage_unavailable")
			require.Equal(t, rows, w.rows())
			require.Zero(t, w.blobs())
			ready := w.as("").get("/readyz").ok(503)
			require.Equal(t, "unavailable", ready.Body["storage"], "%s", ready.Raw)
			require.Equal(t, "ok", ready.Body["database"])

			one.mends(disk)
			w.as("platform").withKey("k").put(path, scan).ok(200)
			w.as("").get("/readyz").ok(200)
			require.Equal(t, 1, w.blobs())
		})
	}
}

// The database's disk is a disk too.
func TestADatabaseWithoutRoomIsNoEngineThatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	full := func(on string) {
		_, err := w.store.Pool().Exec(t.Context(), `create or replace function full_disk() returns trigger language plpgsql as
			$$ begin raise exception 'could not extend file' using errcode = '`+on+`'; end $$`)
		require.NoError(t, err)
	}
	full("53100")
	_, err := w.store.Pool().Exec(t.Context(), `create trigger full_disk before insert on documents execute function full_disk()`)
	require.NoError(t, err)
	for _, code := range []string{"53100", "58030"} {
		full(code)
		w.as("platform").withKey("k").put(path+"/documents/id_card_front", png("x")).refused(503, "storage_unavailable")
		require.Zero(t, w.blobs(), "the scan goes too")
	}
	full("53300") // too many connections are no disk
	w.as("platform").put(path+"/documents/id_card_front", png("x")).refused(503, "engine_busy")
	_, err = w.store.Pool().Exec(t.Context(), `drop trigger full_disk on documents`)
	require.NoError(t, err)
	w.as("platform").withKey("k").put(path+"/documents/id_card_front", png("x")).ok(200)
}

// look is a reviewer's, at a document of a submitted case.
func (w *world) look(id, slot string) answer {
	w.t.Helper()
	return w.as("reviewer").get("/v1/reviews/" + id + "/documents/" + slot)
}

// A storage that is away says nothing about its scans: nobody is told that one is gone.
func TestALookAtAStorageThatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	require.NoError(t, os.Rename(w.blobDir, w.blobDir+"-away"))
	w.look(id, "id_card_front").refused(503, "storage_unavailable")
	w.as("platform").put(w.open("acct-2", "individual")+"/documents/id_card_front", png("x")).refused(503, "storage_unavailable")
	require.NoDirExists(t, w.blobDir, "it is not made anew beside the other")
	require.Zero(t, w.count(`select count(*) from findings`))
	require.NoError(t, os.Rename(w.blobDir+"-away", w.blobDir))
	require.Equal(t, png("id_card_front"), w.look(id, "id_card_front").ok(200).Raw)
}

// file is where a document's scan lies.
func (w *world) file(id, slot string) string {
	w.t.Helper()
	return filepath.Join(w.blobDir, id, w.one(`select blob_key from documents where subject = $1 and slot = $2 and superseded_at is null`, id, slot))
}

// lost is the one open finding of a kind, empty if there is none.
func (w *world) lost(kind, id string) string {
	w.t.Helper()
	return w.one(`select coalesce(max(tried), '') from findings where kind = $1 and subject = $2 and account_id = 'acct-1' and resolved_at is null`, kind, id)
}

// A scan that is gone is not found, and ops hears of it, once for all of a case; put back it is shown, and nobody need resolve
// anything.
func TestAScanThatIsGoneIsAFindingUntilItIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	file, other := w.file(id, "id_card_front"), w.file(id, "id_card_back")
	require.NoError(t, os.Rename(file, file+".away"))
	require.NoError(t, os.Rename(other, other+".away"))
	for range 2 {
		a := w.look(id, "id_card_front").refused(404, "not_found")
		require.Contains(t, a.Body["detail"], "ask for it again")
	}
	require.Equal(t, "the storage of scans was read: not there: id_card_front", w.lost("document_missing", id))
	lost, err := w.papers().Lost(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{id}, lost)
	require.NoError(t, w.papers().Recheck(t.Context(), id))
	require.Equal(t, "the storage of scans was read: not there: id_card_back, id_card_front", w.lost("document_missing", id))
	require.Equal(t, 1, w.count(`select count(*) from findings`))
	require.Equal(t, 1, w.count(`select count(*) from notices where kind = 'finding'`), "ops is told, once")
	w.as("").get("/readyz").ok(200) // the storage is well

	require.NoError(t, os.Rename(file+".away", file))
	require.NoError(t, w.papers().Recheck(t.Context(), id))
	require.Equal(t, "the storage of scans was read: not there: id_card_back", w.lost("document_missing", id))
	require.Equal(t, png("id_card_front"), w.look(id, "id_card_front").ok(200).Raw)
	require.NoError(t, os.Rename(other+".away", other))
	require.NoError(t, w.papers().Recheck(t.Context(), id))
	require.Equal(t, 1, w.count(`select count(*) from findings where resolved_by = 'reconciler'`))
}

// A scan that was cut off, changed, or is another's, shows nothing of itself; handed in again, all is well.
func TestAScanThatIsDamagedIsAFindingUntilItIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	file := w.file(id, "id_card_back")
	sealed, err := os.ReadFile(file)
	require.NoError(t, err)
	another, err := os.ReadFile(w.file(id, "id_card_front"))
	require.NoError(t, err)
	changed := append([]byte{}, sealed...)
	changed[len(changed)-1] ^= 1
	for name, content := range map[string][]byte{"cut off": sealed[:len(sealed)-3], "empty": {}, "changed": changed, "another's": another} {
		require.NoError(t, os.WriteFile(file, content, 0o600))
		a := w.look(id, "id_card_back").refused(404, "not_found")
		require.NotContains(t, string(a.Raw), "IHDR", name)
		require.Equal(t, "the storage of scans was read: there, but not what was handed in: id_card_back", w.lost("document_damaged", id), name)
	}
	require.Equal(t, 1, w.count(`select count(*) from findings`))

	path := "/v1/registrations/" + id
	w.as("reviewer").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "reject", "reasons": reasons("documents.id_card_back")}).ok(200)
	require.NoError(t, w.papers().Recheck(t.Context(), id))
	require.NotEmpty(t, w.lost("document_damaged", id), "it is still so")
	w.as("platform").put(path+"/documents/id_card_back", png("anew")).ok(200)
	w.as("platform").post(path+"/submit", nil).ok(200)
	require.NoError(t, w.papers().Recheck(t.Context(), id))
	require.Empty(t, w.lost("document_damaged", id))
	require.Equal(t, png("anew"), w.look(id, "id_card_back").ok(200).Raw)
}

// Nobody is told that ops knows before ops does.
func TestALostScanIsNotSaidToBeKnownBeforeItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	require.NoError(t, os.Remove(w.file(id, "id_card_front")))
	_, err := w.store.Pool().Exec(t.Context(), `create function no_findings() returns trigger language plpgsql as
		$$ begin raise exception 'not now' using errcode = '57P03'; end $$; create trigger no_findings before insert on findings execute function no_findings()`)
	require.NoError(t, err)
	w.look(id, "id_card_front").refused(503, "engine_unavailable")
	_, err = w.store.Pool().Exec(t.Context(), `drop trigger no_findings on findings`)
	require.NoError(t, err)

	left, leave := context.WithCancel(t.Context())
	book := leaving{w.store, leave}
	_, err = (&papers.Keeper{Book: book, Blobs: w.deps.Blobs}).Open(left, id, w.document(id, "id_card_front"))
	require.ErrorIs(t, err, papers.ErrLost)
	require.Error(t, left.Err())
	require.NotEmpty(t, w.lost("document_missing", id), "though the reviewer has left")
}

// leaving is a book whose reader leaves as soon as a document was seen to be gone.
type leaving struct {
	*postgres.Store
	leave func()
}

func (l leaving) RunOf(ctx context.Context, id string) (postgres.Run, error) {
	l.leave()
	return l.Store.RunOf(ctx, id)
}

// document is one of those that may be looked at.
func (w *world) document(id, slot string) postgres.StoredDocument {
	w.t.Helper()
	docs, err := w.store.ShownDocuments(w.t.Context(), id)
	require.NoError(w.t, err)
	i := slices.IndexFunc(docs, func(d postgres.StoredDocument) bool { return string(d.Slot) == slot })
	require.GreaterOrEqual(w.t, i, 0)
	return docs[i]
}

// A document that another is about to take the place of is still what the reviewer looks at.
func TestASubmittedScanThatWasReplacedIsLostTooUntilTheNextRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	file := w.file(id, "id_card_back")
	w.as("reviewer").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "reject", "reasons": reasons("documents.id_card_back")}).ok(200)
	w.as("platform").put("/v1/registrations/"+id+"/documents/id_card_back", png("anew")).ok(200)
	require.NoError(t, os.Remove(file))
	w.look(id, "id_card_back").refused(404, "not_found")
	for range 2 {
		require.Equal(t, "the storage of scans was read: not there: id_card_back", w.lost("document_missing", id))
		require.NoError(t, w.papers().Recheck(t.Context(), id))
	}
	w.as("platform").post("/v1/registrations/"+id+"/submit", nil).ok(200)
	require.NoError(t, w.papers().Recheck(t.Context(), id))
	require.Empty(t, w.lost("document_missing", id))
	require.Equal(t, png("anew"), w.look(id, "id_card_back").ok(200).Raw)
}

// What waits too long is said, by kind, and takes nobody out of rotation.
func TestWhatWaitsTooLongIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open("acct-1", "individual")
	_, err := w.store.Pool().Exec(t.Context(), `delete from outbox`)
	require.NoError(t, err)
	require.Contains(t, w.metrics(), `shiming_outbox_messages{kind="notice"} 0`)
	late := func(kind string, attempts int, created, next time.Duration) {
		_, err := w.store.Pool().Exec(t.Context(), `insert into outbox (kind, ref, version, attempts, created_at, next_at) values ($1, $2, 0, $3, now() - $4::interval, now() - $5::interval)`,
			kind, kind+created.String(), attempts, created.String(), next.String())
		require.NoError(t, err)
	}
	late("look", 0, time.Hour, -time.Hour)        // its time is to come
	late("a newer kind", 0, time.Hour, time.Hour) // waits for a release that knows it
	ready := w.as("").get("/readyz").ok(200)
	require.Equal(t, "ok", ready.Body["outbox"])
	require.InDelta(t, 0, ready.Body["outbox_late_seconds"], 0)
	late("notice", 7, time.Hour, -time.Second) // was tried, and is to be tried again
	late("event", 0, 2*time.Minute, 2*time.Minute)
	numbers := w.metrics()
	require.Contains(t, numbers, `shiming_outbox_messages{kind="notice"} 1`)
	require.Contains(t, numbers, `shiming_outbox_late_seconds{kind="look"} 0`)
	require.Regexp(t, `shiming_outbox_late_seconds{kind="notice"} 36\d\d\.`, numbers)
	require.Regexp(t, `shiming_outbox_late_seconds{kind="event"} 12\d\.`, numbers)
	require.Contains(t, numbers, `shiming_outbox_messages{kind="a newer kind"} 1`)
	w.start() // another process, which has not looked yet
	ready = w.as("").get("/readyz").ok(http.StatusOK)
	require.Equal(t, "late", ready.Body["outbox"], "%s", ready.Raw)
	require.InDelta(t, 3600, ready.Body["outbox_late_seconds"], 60)
}
