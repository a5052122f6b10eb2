package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
)

// Rehearsal is how a backup is rehearsed.
type Rehearsal struct {
	ScratchURL string // an empty database that nobody else has, and that is lost afterwards
	Keys       *vault.Keys
	Calendar   workday.Calendar
	Client     Client
	Say        func(string)

	Sample int           // how many registrations and clearings are opened, of the newest and of any
	Within time.Duration // a backup may be that old; 0: any age
}

// Report is what a rehearsal came to.
type Report struct {
	Backup   string        `json:"backup"`
	TakenAt  time.Time     `json:"taken_at"`
	Age      time.Duration `json:"age_ns"`
	Took     time.Duration `json:"took_ns"`
	Restored time.Duration `json:"restored_ns"` // of it, the database
	Rows     int64         `json:"rows"`
	Opened   int           `json:"opened"` // sealed values
	Scans    int           `json:"scans"`  // that documents on file name, opened and compared
	Amiss    []string      `json:"amiss"`  // in words, with ids alone
}

func (r *Report) amissf(format string, args ...any) {
	r.Amiss = append(r.Amiss, fmt.Sprintf(format, args...))
}

// Rehearse puts the newest backup of a folder back beside the product, and looks whether the product could live on it. What it finds amiss
// is in the report; an error says that it could not be rehearsed.
func Rehearse(ctx context.Context, dir string, h Rehearsal) (r Report, err error) {
	began := time.Now()
	path, m, err := Find(dir)
	if err != nil {
		return r, err
	}
	r.Backup, r.TakenAt, r.Age, r.Amiss = path, m.TakenAt, began.Sub(m.TakenAt).Round(time.Second), []string{}
	if h.Within > 0 && r.Age > h.Within {
		r.amissf("the newest backup is %s old, and may be %s", r.Age, h.Within)
	}
	h.Say("comparing every file with its sum…")
	if err := Check(ctx, path, m, h.Keys); err != nil {
		return r, err
	}
	for _, id := range m.Scans.Missing {
		r.amissf("document %s: its scan was not there when the backup was taken", id)
	}
	h.Say("restoring the database beside…")
	if err := h.restore(ctx, path, m, &r); err != nil {
		return r, err
	}
	h.Say("opening what is sealed…")
	err = h.open(ctx, path, m, &r)
	r.Took = time.Since(began).Round(time.Millisecond)
	return r, err
}

// restore fills the scratch database, counts, and brings it up to date.
func (h Rehearsal) restore(ctx context.Context, path string, m Manifest, r *Report) error {
	began := time.Now()
	if err := h.Client.restore(ctx, h.ScratchURL, filepath.Join(path, databaseFile)); err != nil {
		return err
	}
	r.Restored = time.Since(began).Round(time.Millisecond)
	conn, err := connect(ctx, h.ScratchURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	counts, err := countTables(ctx, conn)
	if err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(m.Tables)) {
		r.Rows += counts[table]
		if counts[table] != m.Tables[table] {
			r.amissf("%s has %d rows, and had %d when the backup was taken", table, counts[table], m.Tables[table])
		}
	}
	if err := postgres.Migrate(ctx, h.ScratchURL); err != nil {
		r.amissf("it cannot be brought up to date by this release: %v", err)
	}
	return nil
}

// open looks with the keys at what the database holds and names.
func (h Rehearsal) open(ctx context.Context, path string, m Manifest, r *Report) error {
	store, err := postgres.Open(ctx, h.ScratchURL, h.Keys, h.Calendar)
	if err != nil {
		return err
	}
	defer store.Close()
	scans, err := vault.OpenBlobs(ctx, h.Keys, filepath.Join(path, scansFolder))
	if err != nil {
		return err
	}
	defer scans.Close() //nolint:errcheck // it was only read
	if err := h.openSample(ctx, store, r); err != nil {
		return err
	}
	return h.openScans(ctx, store, scans, m, r)
}

// sealedRefs are what registrations and clearings refer to, of the newest ones and of some that chance picks.
const sealedRefs = `with picked as (
	(select id from registrations order by created_at desc limit $1) union (select id from registrations order by random() limit $1)
	union (select id from clearings order by created_at desc limit $1))
select id, ref, purpose from (
	select id, applicant_ref as ref, $2 as purpose from registrations union all
	select id, identity_ref, $3 from registrations union all select id, company_ref, $4 from registrations union all
	select id, contact_ref, $5 from registrations union all select id, claim_ref, $6 from clearings) r
where ref is not null and id in (select id from picked) order by id, purpose`

func (h Rehearsal) openSample(ctx context.Context, store *postgres.Store, r *Report) error {
	rows, err := store.Pool().Query(ctx, sealedRefs, h.Sample, dossier.PurposeApplicant, dossier.PurposeIdentity, dossier.PurposeCompany, dossier.PurposeContact, dossier.PurposeClaim)
	if err != nil {
		return err
	}
	type sealed struct{ id, ref, purpose string }
	var all []sealed
	for rows.Next() {
		var one sealed
		if err := rows.Scan(&one.id, &one.ref, &one.purpose); err != nil {
			return err
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, one := range all {
		var anything map[string]any
		if err := store.Get(ctx, postgres.Own(one.id), one.ref, one.purpose, &anything); err != nil {
			r.amissf("%s: its %s does not open: %v", one.id, one.purpose, err)
			continue
		}
		r.Opened++
	}
	return nil
}

// document is a row whose scan is looked at.
type document struct{ id, subject, key, sum string }

func (h Rehearsal) openScans(ctx context.Context, store *postgres.Store, scans *vault.Blobs, m Manifest, r *Report) error {
	rows, err := store.Pool().Query(ctx, `select id, subject, blob_key, sha256 from documents where superseded_at is null order by id`)
	if err != nil {
		return err
	}
	var all []document
	for rows.Next() {
		var d document
		if err := rows.Scan(&d.id, &d.subject, &d.key, &d.sum); err != nil {
			return err
		}
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, d := range all {
		if slices.Contains(m.Scans.Missing, d.id) {
			continue // that was said
		}
		sum, err := sumOfScan(ctx, store, scans, d)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.amissf("document %s: its scan does not open: %v", d.id, err)
		case !strings.EqualFold(sum, d.sum):
			r.amissf("document %s: its scan is another than was handed in", d.id)
		default:
			r.Scans++
		}
	}
	return nil
}

func sumOfScan(ctx context.Context, store *postgres.Store, scans *vault.Blobs, d document) (string, error) {
	wrapped, err := store.DataKey(ctx, d.subject)
	if err != nil {
		return "", err
	}
	content, err := scans.Get(ctx, wrapped, d.subject, d.key)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, content)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, content.Close())
}
