package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// SetClearingDocument makes a file the current one of its slot. It restarts the clock of [Steps.Look].
func (s *Store) SetClearingDocument(ctx context.Context, id string, doc NewDocument) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		k, err := loadClearing(ctx, tx, id, "for update")
		if err != nil {
			return err
		}
		if refusal = k.uploadRefused(doc.Slot); refusal != nil {
			return nil
		}
		if err := keepDocument(ctx, tx, k.ID, doc, s.now()); err != nil {
			return err
		}
		k.Corrections.Mark(registration.DocumentField(doc.Slot))
		k.LastActAt, k.UpdatedAt = s.now(), s.now()
		return k.save(ctx, tx, k.Sequence, nil)
	})
	return refusal, err
}

func (k *clearing) uploadRefused(slot registration.Slot) *registration.Refusal {
	if refusal := registration.RefuseAct(registration.IdentityClearing, k.State, registration.ActDocument); refusal != nil {
		return refusal
	}
	if !k.Corrections.Open(registration.DocumentField(slot)) {
		return &registration.Refusal{Code: registration.CodeSubmittedLocked, State: k.State}
	}
	return nil
}

// materialsMissing lists what is still to be handed in, by the conditions as last judged.
func (k *clearing) materialsMissing(docs []registration.Document, conditions registration.Conditions) []registration.FieldError {
	var missing []registration.FieldError
	required := registration.RequiredClearingSlots()
	if k.forCompany() && len(conditions) > 0 && conditions[0].Unmet() { // whoever is not the holder needs it
		required = append(required, registration.AuthorizationLetter)
	}
	for _, slot := range required {
		if !hasSlot(docs, slot) {
			missing = append(missing, registration.FieldError{
				Location: string(registration.DocumentField(slot)), Code: "missing", Message: registration.Explain("document_missing", k.Locale),
			})
		}
	}
	for _, c := range k.Corrections {
		if !c.Done {
			missing = append(missing, registration.FieldError{Location: string(c.Field), Code: c.Code, Message: cmp.Or(c.Message, registration.Explain("correction_asked", k.Locale))})
		}
	}
	return missing
}

// keepDocument stores a file in place of the one before, which is kept for the rounds it was submitted in.
func keepDocument(ctx context.Context, tx pgx.Tx, subject string, doc NewDocument, at time.Time) error {
	if _, err := tx.Exec(ctx, `update documents set superseded_at = $3 where subject = $1 and slot = $2 and superseded_at is null`, subject, doc.Slot, at); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into documents (id, subject, slot, sha256, size, content_type, blob_key, at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		registration.NewID("doc"), subject, doc.Slot, doc.SHA256, doc.Size, doc.ContentType, doc.BlobKey, doc.At)
	return err
}
