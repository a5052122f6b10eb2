package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// EditLook is a registration that an applicant wants to change, as it was read: with what is shown of it, and with what a contact is
// held against.
type EditLook struct{ row *editedRecord }

type editedRecord struct {
	shownRecord
	RowVersion                    string
	HolderOf, HolderFor           *string
	Holder                        []byte
	ContactItemOf, ContactItemFor *string
	ContactItem                   []byte
}

const lookForEdit = `select ` + shownColumns + `, (select wrapped from vault_keys where subject = r.id) as data_key,
	h.subject as holder_of, h.purpose as holder_for, h.sealed as holder, c.subject as contact_item_of, c.purpose as contact_item_for, c.sealed as contact_item
	from (select ` + recordColumns + `, xmin::text as row_version from registrations where id = $1) r` + alongside + `
	left join vault_items h on h.ref = r.identity_ref left join vault_items c on c.ref = r.contact_ref`

// LookForEdit reads a registration that is about to be changed, in one statement.
func (s *Store) LookForEdit(ctx context.Context, id string) (*EditLook, error) {
	rows, err := s.pool.Query(ctx, lookForEdit, id)
	if err != nil {
		return nil, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[editedRecord])
	if err != nil {
		return nil, notFound(err)
	}
	return &EditLook{r}, nil
}

// Standing is how the registration stood.
func (look *EditLook) Standing() Standing {
	return Standing{look.row.AccountID, look.row.Kind, look.row.State}
}

// DataKey is the registration's, wrapped; [ErrErased] if it was removed.
func (look *EditLook) DataKey() ([]byte, error) {
	if look.row.shownRecord.DataKey == nil {
		return nil, ErrErased
	}
	return look.row.shownRecord.DataKey, nil
}

// Edit is what an applicant changes: one of the three.
type Edit struct {
	Name     *string
	Contact  *dossier.Contact
	Document *NewDocument
}

// EditLookedAt changes a registration that was looked at, for a caller who acts for its applicant, and returns it as it is then.
// What is plainly allowed, and nobody else has changed anything meanwhile, is written at once; anything else is judged under the
// row's lock.
func (s *Store) EditLookedAt(ctx context.Context, look *EditLook, caller string, e Edit) (*registration.View, *registration.Refusal, error) {
	id := look.row.ID
	done, err := s.editAtOnce(ctx, look.row, caller, e)
	switch {
	case err != nil:
		return nil, nil, err
	case done:
		view, err := s.view(&look.row.shownRecord)
		return view, nil, err
	}
	if err := s.ActsFor(ctx, id, caller); err != nil {
		return nil, nil, err
	}
	if refusal, err := s.editLocked(ctx, id, e); refusal != nil || err != nil {
		return nil, refusal, err
	}
	if e.Document != nil { // which is answered without
		return nil, nil, nil
	}
	view, err := s.View(ctx, id)
	return view, nil, err
}

func (s *Store) editLocked(ctx context.Context, id string, e Edit) (*registration.Refusal, error) {
	switch {
	case e.Name != nil:
		return s.SetName(ctx, id, *e.Name)
	case e.Contact != nil:
		return s.SetContact(ctx, id, *e.Contact)
	}
	return s.SetDocument(ctx, id, *e.Document)
}

// errNotPlain says that an edit is to be judged under the lock.
var errNotPlain = errors.New("postgres: the edit is not plainly allowed")

// editAtOnce writes an edit in one statement, unless it is not plainly allowed or the row is not any more what was read.
func (s *Store) editAtOnce(ctx context.Context, r *editedRecord, caller string, e Edit) (done bool, err error) {
	w := editWrite{}
	before := r.ContactRef
	switch {
	case r.shownRecord.DataKey == nil:
		return false, nil
	case e.Name != nil:
		err = r.editName(*e.Name)
	case e.Contact != nil:
		err = s.editContact(r, *e.Contact, &w)
	default:
		err = r.editDocument(*e.Document, &w)
	}
	if errors.Is(err, errNotPlain) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if e.Contact != nil && before != nil {
		w.dropped = *before
	}
	return s.writeEdit(ctx, r, caller, w)
}

// plainly fails unless the act is open and none of the fields is closed by a correction.
func (r *editedRecord) plainly(act registration.Act, f registration.Field) error {
	if registration.RefuseAct(r.Kind, r.State, act) != nil || !r.Corrections.Open(f) {
		return errNotPlain
	}
	return nil
}

func (r *editedRecord) editName(name string) error {
	if err := r.plainly(registration.ActName, registration.FieldName); err != nil {
		return err
	}
	r.Name = name
	r.Corrections.Mark(registration.FieldName)
	return nil
}

// editContact takes a contact that is held against nothing on file: what is counts, under the lock.
func (s *Store) editContact(r *editedRecord, contact dossier.Contact, w *editWrite) error {
	if registration.RefuseAct(r.Kind, r.State, registration.ActContact) != nil || r.compares(contact) {
		return errNotPlain
	}
	key := r.shownRecord.DataKey
	if r.Kind == registration.Individual && r.IdentityRef != nil {
		var holder dossier.Person
		item := sealedItem{ref: *r.IdentityRef, subject: r.HolderOf, purpose: r.HolderFor, sealed: r.Holder, wrapped: key}
		if err := s.openItem(item, Own(r.ID), dossier.PurposeIdentity, &holder); err != nil {
			return err
		}
		contact.Name = holder.Holder
	}
	var before dossier.Contact
	if r.ContactRef != nil {
		item := sealedItem{ref: *r.ContactRef, subject: r.ContactItemOf, purpose: r.ContactItemFor, sealed: r.ContactItem, wrapped: key}
		if err := s.openItem(item, Own(r.ID), dossier.PurposeContact, &before); err != nil {
			return err
		}
	}
	merged, refusal := r.merged(before, contact)
	if refusal != nil {
		return errNotPlain
	}
	ref := registration.NewID("vlt")
	sealed, err := s.sealWith(key, Own(r.ID).place(dossier.PurposeContact, ref), merged)
	if err != nil {
		return err
	}
	w.ref, w.purpose, w.sealed = &ref, dossier.PurposeContact, sealed
	r.takeContact(ref, merged, contact)
	return nil
}

func (r *editedRecord) editDocument(doc NewDocument, w *editWrite) error {
	if err := r.plainly(registration.ActDocument, registration.DocumentField(doc.Slot)); err != nil {
		return err
	}
	r.Corrections.Mark(registration.DocumentField(doc.Slot))
	w.document = &doc
	return nil
}

// editWrite is what an edit writes beside the row.
type editWrite struct {
	ref      *string // of what is sealed; nil: nothing is
	purpose  string
	sealed   []byte
	dropped  string // the vault item that the row names no longer; empty: none
	document *NewDocument
}

// writeEdit writes the row if it is what was read, and everything else only then. A file takes the place of the one before, which
// is kept for the rounds it was submitted in.
func (s *Store) writeEdit(ctx context.Context, r *editedRecord, caller string, w editWrite) (done bool, err error) {
	at := s.now()
	r.LastActAt = at
	due := r.DueAt
	if r.State.WaitingOn() == registration.Applicant && r.State != registration.DepositRequired {
		due = new(r.activity().Expires(s.cal))
	}
	doc, id := NewDocument{}, (*string)(nil)
	if w.document != nil {
		doc, id = *w.document, new(registration.NewID("doc"))
	}
	var updated time.Time
	err = s.pool.QueryRow(ctx, `with edited as (update registrations set name = $3, contact_ref = $4, contact = $5, corrections = $6, due_at = $7,
				last_act_at = $8, updated_at = $8 where id = $1 and xmin = $2::text::xid returning id, updated_at, due_at),
			caller as (insert into case_callers (subject_id, caller, since) select id, $9, $8::timestamptz from edited on conflict do nothing),
			item as (insert into vault_items (ref, subject, purpose, sealed) select $10, id, $11, $12::bytea from edited where $10::text is not null),
			dropped as (delete from vault_items where ref = $13 and exists (select from edited) and not exists (select from payments where company_ref = $13)),
			superseded as (update documents set superseded_at = $8 where $14::text is not null and subject = (select id from edited) and slot = $15
				and superseded_at is null returning id),
			document as (insert into documents (id, subject, slot, sha256, size, content_type, blob_key, at)
				select $14, e.id, $15, $16, $17, $18, $19, $20::timestamptz from edited e, (select count(*) from superseded) s where $14::text is not null)
		select updated_at, due_at from edited`,
		r.ID, r.RowVersion, r.Name, r.ContactRef, jsonb(r.Contact), r.written(), due, at, caller, w.ref, w.purpose, w.sealed, w.dropped,
		id, doc.Slot, doc.SHA256, doc.Size, doc.ContentType, doc.BlobKey, doc.At).Scan(&updated, &r.DueAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	r.UpdatedAt = updated
	return err == nil, err
}
