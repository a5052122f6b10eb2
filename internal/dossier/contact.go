package dossier

import (
	"cmp"

	"shiming/registration"
)

// Merged is c with what patch names; fields left out of the patch are kept (corrections, api.md).
func (c Contact) Merged(patch Contact) Contact {
	return Contact{
		Name: cmp.Or(patch.Name, c.Name), Email: cmp.Or(patch.Email, c.Email),
		Phone: cmp.Or(patch.Phone, c.Phone), Address: cmp.Or(patch.Address, c.Address),
	}
}

// Changed lists the fields in which d differs from c.
func (c Contact) Changed(d Contact) []registration.Field {
	var changed []registration.Field
	for _, p := range []struct {
		field registration.Field
		same  bool
	}{
		{registration.FieldContactName, c.Name == d.Name},
		{registration.FieldContactEmail, c.Email == d.Email},
		{registration.FieldContactPhone, c.Phone == d.Phone},
		{registration.FieldContactAddr, c.Address == d.Address},
	} {
		if !p.same {
			changed = append(changed, p.field)
		}
	}
	return changed
}
