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

// CurrentDocuments lists the documents of a registration or clearing that no other has taken the place of, by slot.
func (s *Store) CurrentDocuments(ctx context.Context, subject string) ([]StoredDocument, error) {
	rows, err := s.pool.Query(ctx, `select `+storedDocument+` from documents where subject = $1 and superseded_at is null order by slot`, subject)
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
