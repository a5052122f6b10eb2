package postgres

import (
	"fmt"
)

// sealedItem is a vault item and its subject's data key, as a statement has read them with what names them.
type sealedItem struct {
	ref              string
	subject, purpose *string // nil: there is no such item
	sealed           []byte
	wrapped          []byte // nil: the key was destroyed, or there is none
}

// openItem opens an item into v, if it is owner's and was sealed for the purpose, with the errors of [Store.Get].
func (s *Store) openItem(i sealedItem, owner Owner, purpose string, v any) error {
	switch {
	case i.subject == nil || i.purpose == nil:
		return fmt.Errorf("postgres: vault item: %w", ErrNotFound)
	case *i.subject != owner.Subject || *i.purpose != purpose:
		return fmt.Errorf("%w: %s of %s", ErrForeign, purpose, owner.Row)
	case i.wrapped == nil:
		return ErrErased
	}
	return s.unsealWith(i.wrapped, owner.place(purpose, i.ref), i.sealed, v)
}
