// Package papers holds the rows of documents against the scans themselves, which lie beside the database.
//
// It promises that a document is shown whole, as it was handed in, or not at all; and that one which is gone, or does not open, is
// a finding for ops until it is there again or another has taken its place.
//
// It refuses to take a storage that is away for documents that are gone.
package papers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/registration"
)

// subjectsAtOnce is of how many registrations and clearings with a finding the documents are looked for in a round.
const subjectsAtOnce = 20

// ErrLost says that a document is not there, or does not open. It is a finding.
var ErrLost = errors.New("papers: the document is not there, or does not open")

// Book is the database's part.
type Book interface {
	DataKey(ctx context.Context, subject string) ([]byte, error)
	CurrentDocuments(ctx context.Context, subject string) ([]postgres.StoredDocument, error)
	LostDocuments(ctx context.Context, limit int) ([]string, error)
	Find(ctx context.Context, kind registration.FindingKind, subject, accountID, tried string) error
	Gone(ctx context.Context, kind registration.FindingKind, subject string) error
	RunOf(ctx context.Context, id string) (postgres.Run, error)
}

// Keeper looks after the documents.
type Keeper struct {
	Book  Book
	Blobs *vault.Blobs
}

// Open opens a document of a registration or clearing, which is whole; close it. It reads within ctx. [ErrLost] says that it is not
// there or does not open, which is a finding from then on; [vault.ErrStorage] that nobody can say.
func (k *Keeper) Open(ctx context.Context, subject string, doc postgres.StoredDocument) (io.ReadCloser, error) {
	key, err := k.Book.DataKey(ctx, subject)
	if err != nil {
		return nil, err
	}
	// Read twice, for what has been shown cannot be taken back.
	err = k.Blobs.Check(ctx, key, subject, doc.BlobKey, doc.Size, doc.SHA256)
	if lost(err) {
		return nil, errors.Join(ErrLost, k.find(ctx, subject))
	}
	if err != nil {
		return nil, err
	}
	return k.Blobs.Get(ctx, key, subject, doc.BlobKey)
}

func lost(err error) bool { return errors.Is(err, vault.ErrNoBlob) || errors.Is(err, vault.ErrSealed) }

// Recheck looks again for the documents of those who have a finding, and resolves it if they are there.
func (k *Keeper) Recheck(ctx context.Context) error {
	subjects, err := k.Book.LostDocuments(ctx, subjectsAtOnce)
	errs := []error{err}
	for _, subject := range subjects {
		if err := k.find(ctx, subject); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", subject, err))
		}
	}
	return errors.Join(errs...)
}

// find makes findings of what is lost of a registration's or clearing's documents, one of a kind for all of them, or resolves
// those that there were.
func (k *Keeper) find(ctx context.Context, subject string) error {
	key, err := k.Book.DataKey(ctx, subject)
	if err != nil {
		return err
	}
	docs, err := k.Book.CurrentDocuments(ctx, subject)
	if err != nil {
		return err
	}
	missing, damaged := []string{}, []string{}
	for _, doc := range docs {
		err := k.Blobs.Check(ctx, key, subject, doc.BlobKey, doc.Size, doc.SHA256)
		switch {
		case errors.Is(err, vault.ErrNoBlob):
			missing = append(missing, string(doc.Slot))
		case errors.Is(err, vault.ErrSealed):
			damaged = append(damaged, string(doc.Slot))
		case err != nil:
			return err
		}
	}
	return errors.Join(
		k.tell(ctx, registration.FindingDocumentMissing, subject, "not there: ", missing),
		k.tell(ctx, registration.FindingDocumentDamaged, subject, "there, but not what was handed in: ", damaged),
	)
}

func (k *Keeper) tell(ctx context.Context, kind registration.FindingKind, subject, what string, slots []string) error {
	if len(slots) == 0 {
		return k.Book.Gone(ctx, kind, subject)
	}
	run, err := k.Book.RunOf(ctx, subject)
	if err != nil {
		return err
	}
	return k.Book.Find(ctx, kind, subject, run.AccountID, "the storage of scans was read: "+what+strings.Join(slots, ", "))
}
