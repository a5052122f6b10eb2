// Package papers holds the rows of documents against the scans themselves, which lie beside the database.
//
// It promises that a document is shown whole, as it was handed in, or not at all; that nobody is told that one is gone, or does not
// open, before that is a finding for ops; and that it is one until the document is there again or nobody may look at it any more,
// for another was submitted in its place.
//
// It refuses to take a storage that is away for documents that are gone.
package papers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/registration"
)

// subjectsAtOnce is of how many registrations and clearings with a finding the documents are looked for in a round.
const subjectsAtOnce = 20

// tellingWithin is how long it may take to make a finding of a document, whether or not whoever wanted to see it still waits. With what
// their call had before that is less than the 8 s in which every call is answered.
const tellingWithin = 900 * time.Millisecond

// ErrLost says that a document is not there, or does not open. It is a finding.
var ErrLost = errors.New("papers: the document is not there, or does not open")

// Book is the database's part.
type Book interface {
	DataKey(ctx context.Context, subject string) ([]byte, error)
	ShownDocuments(ctx context.Context, subject string) ([]postgres.StoredDocument, error)
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
// there or does not open, which is a finding from then on; [vault.ErrStorage] that nobody can say. A finding that cannot be made is
// the error that it met.
func (k *Keeper) Open(ctx context.Context, subject string, doc postgres.StoredDocument) (io.ReadCloser, error) {
	key, err := k.Book.DataKey(ctx, subject)
	if err != nil {
		return nil, err
	}
	// Read twice, for what has been shown cannot be taken back.
	err = k.Blobs.Check(ctx, key, subject, doc.BlobKey, doc.Size, doc.SHA256)
	kind, is := lost(err)
	if is {
		if err := k.lose(ctx, subject, kind, doc.Slot); err != nil {
			return nil, err
		}
		return nil, ErrLost
	}
	if err != nil {
		return nil, err
	}
	return k.Blobs.Get(ctx, key, subject, doc.BlobKey)
}

// lost says which finding an error is that a document's scan has met, if it is one.
func lost(err error) (registration.FindingKind, bool) {
	switch {
	case errors.Is(err, vault.ErrNoBlob):
		return registration.FindingDocumentMissing, true
	case errors.Is(err, vault.ErrSealed):
		return registration.FindingDocumentDamaged, true
	}
	return "", false
}

// lose makes a finding of one document at once, though whoever wanted to see it may have left. What else is lost of the same case
// is found when that is looked at again.
func (k *Keeper) lose(ctx context.Context, subject string, kind registration.FindingKind, slot registration.Slot) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellingWithin)
	defer cancel()
	if err := k.tell(ctx, kind, subject, []string{string(slot)}); err != nil {
		return fmt.Errorf("papers: ops could not be told of a lost document: %w", err)
	}
	return nil
}

// Lost lists registrations and clearings whose documents are to be looked for again.
func (k *Keeper) Lost(ctx context.Context) ([]string, error) {
	return k.Book.LostDocuments(ctx, subjectsAtOnce)
}

// Recheck makes findings of what is lost of a registration's or clearing's documents, one of a kind for all of them, or resolves
// those that there were.
func (k *Keeper) Recheck(ctx context.Context, subject string) error {
	key, err := k.Book.DataKey(ctx, subject)
	if err != nil {
		return err
	}
	docs, err := k.Book.ShownDocuments(ctx, subject)
	if err != nil {
		return err
	}
	slots := map[registration.FindingKind][]string{}
	for _, doc := range docs {
		err := k.Blobs.Check(ctx, key, subject, doc.BlobKey, doc.Size, doc.SHA256)
		if kind, is := lost(err); is {
			slots[kind] = append(slots[kind], string(doc.Slot))
		} else if err != nil {
			return err
		}
	}
	var errs []error
	for kind := range whatIsWrong {
		errs = append(errs, k.tell(ctx, kind, subject, slices.Compact(slots[kind])))
	}
	return errors.Join(errs...)
}

// whatIsWrong says what a finding is about, in words.
var whatIsWrong = map[registration.FindingKind]string{
	registration.FindingDocumentMissing: "not there: ",
	registration.FindingDocumentDamaged: "there, but not what was handed in: ",
}

func (k *Keeper) tell(ctx context.Context, kind registration.FindingKind, subject string, slots []string) error {
	if len(slots) == 0 {
		return k.Book.Gone(ctx, kind, subject)
	}
	run, err := k.Book.RunOf(ctx, subject)
	if err != nil {
		return err
	}
	return k.Book.Find(ctx, kind, subject, run.AccountID, "the storage of scans was read: "+whatIsWrong[kind]+strings.Join(slots, ", "))
}
