package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/registration"
)

// edit changes what needs no message to the workflow: it locks the row, judges the act by the row's state and the
// fields named for correction, and restarts the clock of inactivity. Submit locks the same row, so no edit slips in
// behind it.
func (s *Store) edit(ctx context.Context, id string, act registration.Act, fn func(tx pgx.Tx, r *record) (*registration.Refusal, error)) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		rec, err := load(ctx, tx, id, "for update")
		if err != nil {
			return err
		}
		if refusal = registration.RefuseAct(rec.Kind, rec.State, act); refusal != nil {
			return nil
		}
		if refusal, err = fn(tx, rec); refusal != nil || err != nil {
			return err
		}
		return touch(ctx, s, tx, rec, s.now())
	})
	return refusal, err
}

func (r *record) locked() *registration.Refusal {
	return &registration.Refusal{Code: registration.CodeSubmittedLocked, State: r.State}
}

// SetName changes the developer name.
func (s *Store) SetName(ctx context.Context, id, name string) (*registration.Refusal, error) {
	return s.edit(ctx, id, registration.ActName, func(_ pgx.Tx, r *record) (*registration.Refusal, error) {
		if !r.Corrections.Open(registration.FieldName) {
			return r.locked(), nil
		}
		r.Name = name
		r.Corrections.Mark(registration.FieldName)
		return nil, nil
	})
}

// SetContact changes the contact information. For an individual the contact is the verified person: a name that is
// another's is refused. In a correction, fields that are not named must stay as they are; those left out are kept. What is
// refused because it differs from what is on file, which is shown masked, counts, so that nobody can try it out.
func (s *Store) SetContact(ctx context.Context, id string, contact dossier.Contact) (*registration.Refusal, error) {
	return s.edit(ctx, id, registration.ActContact, func(tx pgx.Tx, r *record) (*registration.Refusal, error) {
		if r.compares(contact) {
			if refusal, err := s.tooMany(ctx, tx, registration.CodeAccountLimitReached, registration.ContactMismatches,
				`scope = 'contact' and account_id = $3`, r.AccountID); refusal != nil || err != nil {
				return refusal, err
			}
		}
		refusal, err := s.putContact(ctx, tx, r, contact)
		if refusal == nil || err != nil {
			return refusal, err
		}
		_, err = tx.Exec(ctx, `insert into attempts (scope, account_id, act_id, at) values ('contact', $1, $2, $3)`,
			r.AccountID, registration.NewID("try"), s.now())
		return refusal, err
	})
}

// compares reports whether a contact is held against what is on file: the verified holder's name, or a field that no
// correction has named.
func (r *record) compares(contact dossier.Contact) bool {
	if contact.Name != "" && r.Kind == registration.Individual && r.IdentityRef != nil {
		return true
	}
	return r.ContactRef != nil && slices.ContainsFunc(dossier.Contact{}.Changed(contact), func(f registration.Field) bool { return !r.Corrections.Open(f) })
}

// putContact puts contact information on file, unless it differs where it must not.
func (s *Store) putContact(ctx context.Context, tx pgx.Tx, r *record, contact dossier.Contact) (*registration.Refusal, error) {
	if refusal, err := s.fillContact(ctx, tx, r, &contact); refusal != nil || err != nil {
		return refusal, err
	}
	var before dossier.Contact
	if r.ContactRef != nil {
		if err := s.get(ctx, tx, Own(r.ID), *r.ContactRef, dossier.PurposeContact, &before); err != nil {
			return nil, err
		}
	}
	merged, refusal := r.merged(before, contact)
	if refusal != nil {
		return refusal, nil
	}
	ref, err := s.put(ctx, tx, Own(r.ID), dossier.PurposeContact, merged)
	if err != nil {
		return nil, err
	}
	r.takeContact(ref, merged, contact)
	return nil, nil
}

// merged is the contact that is on file once one is handed in, unless that names what may not be changed.
func (r *record) merged(before, contact dossier.Contact) (dossier.Contact, *registration.Refusal) {
	after := before.Merged(contact)
	if r.ContactRef != nil && slices.ContainsFunc(before.Changed(after), func(f registration.Field) bool { return !r.Corrections.Open(f) }) {
		return after, r.locked()
	}
	return after, nil
}

// takeContact puts a contact on file under its reference, and what of it was handed in counts as corrected.
func (r *record) takeContact(ref string, merged, handedIn dossier.Contact) {
	r.ContactRef, r.Contact = &ref, merged.View()
	for _, f := range (dossier.Contact{}).Changed(handedIn) {
		r.Corrections.Mark(f)
	}
}

// fillContact gives an individual's contact the verified holder's name, and refuses another's.
func (s *Store) fillContact(ctx context.Context, tx pgx.Tx, r *record, contact *dossier.Contact) (*registration.Refusal, error) {
	if r.Kind != registration.Individual || r.IdentityRef == nil {
		return nil, nil
	}
	var holder dossier.Person
	if err := s.get(ctx, tx, Own(r.ID), *r.IdentityRef, dossier.PurposeIdentity, &holder); err != nil {
		return nil, err
	}
	if contact.Name != "" && !chinaid.SameName(contact.Name, holder.Holder) {
		return registration.Refuse(registration.CodeContactNameMismatch), nil
	}
	contact.Name = holder.Holder
	return nil, nil
}

// NewDocument is an uploaded file whose content lies, sealed, under BlobKey.
type NewDocument struct {
	registration.Document
	BlobKey string
}

// SetDocument makes a file the current one of its slot. The one before is kept for the rounds it was submitted in.
func (s *Store) SetDocument(ctx context.Context, id string, doc NewDocument) (*registration.Refusal, error) {
	return s.edit(ctx, id, registration.ActDocument, func(tx pgx.Tx, r *record) (*registration.Refusal, error) {
		if refusal, err := r.slotLocked(ctx, tx, doc.Slot); refusal != nil || err != nil {
			return refusal, err
		}
		r.Corrections.Mark(registration.DocumentField(doc.Slot))
		return nil, keepDocument(ctx, tx, r.ID, doc, s.now())
	})
}

// slotLocked refuses a document that no correction names, unless it is required and was not submitted yet: another role of
// the administrator may require one that was never asked for before.
func (r *record) slotLocked(ctx context.Context, q querier, slot registration.Slot) (*registration.Refusal, error) {
	if r.Corrections.Open(registration.DocumentField(slot)) {
		return nil, nil
	}
	if !slices.Contains(registration.RequiredSlots(r.Kind, r.role()), slot) {
		return r.locked(), nil
	}
	var submitted bool
	err := q.QueryRow(ctx, `select exists (select from documents where subject = $1 and slot = $2 and superseded_at is null
		and at <= (select max(submitted_at) from reviews where subject_id = $1))`, r.ID, slot).Scan(&submitted)
	if err != nil || !submitted {
		return nil, err
	}
	return r.locked(), nil
}

func hasSlot(docs []registration.Document, slot registration.Slot) bool {
	return slices.ContainsFunc(docs, func(d registration.Document) bool { return d.Slot == slot })
}

func currentDocuments(ctx context.Context, q querier, subject string) ([]registration.Document, error) {
	rows, err := q.Query(ctx, `select slot, sha256, size, content_type, at from documents where subject = $1 and superseded_at is null order by slot`, subject)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[registration.Document])
}
