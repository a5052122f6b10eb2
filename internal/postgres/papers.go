package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// StoredDocument is a document and the key of its scan, which lies beside the database.
type StoredDocument struct {
	registration.Document
	BlobKey string
}

const storedDocument = `slot, sha256, size, content_type, at, blob_key`

func scanStored(row pgx.Row) (d StoredDocument, err error) {
	err = row.Scan(&d.Slot, &d.SHA256, &d.Size, &d.ContentType, &d.At, &d.BlobKey)
	return d, err
}

// ShownDocuments lists the documents of a registration or clearing that somebody may look at, by slot: those that no other has taken
// the place of, and those of the newest submitted round.
func (s *Store) ShownDocuments(ctx context.Context, subject string) ([]StoredDocument, error) {
	rows, err := s.pool.Query(ctx, `select `+storedDocument+` from documents d where subject = $1 and (superseded_at is null or exists (
		select from (select submitted_at from reviews where subject_id = $1 order by round desc limit 1) r where d.at <= r.submitted_at and d.superseded_at > r.submitted_at))
		order by slot, at`, subject)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (StoredDocument, error) { return scanStored(row) })
}

// LostDocuments lists registrations and clearings that have an open finding about documents, in any order.
func (s *Store) LostDocuments(ctx context.Context, limit int) ([]string, error) {
	return s.ids(ctx, `select subject from (select distinct subject from findings where resolved_at is null and kind = any($1)) lost order by random() limit $2`,
		[]registration.FindingKind{registration.FindingDocumentMissing, registration.FindingDocumentDamaged}, limit)
}
