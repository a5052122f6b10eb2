package vault

import "bytes"

// Place is where a sealed value belongs. Whoever opens it names the same place, from what they know and not from the value's own row:
// a value that was copied, or a reference that was turned elsewhere, does not open.
type Place struct {
	Subject string // under whose data key
	Purpose string // what it is: "card", "contact"
	Row     string // the row that it belongs to: a registration, an act, a payment
	Name    string // its own name among those of the row: a reference, say
}

// placed is the first byte of what is sealed for a place. What was sealed before there were places begins with Tink's own first
// byte, 1, and is bound to subject, purpose and name alone.
const placed = 2

func (p Place) bound() []byte { return bind("placed value", p.Subject, p.Purpose, p.Row, p.Name) }

func (p Place) boundBefore() []byte {
	purpose := p.Purpose
	if p.Name != "" {
		purpose += "/" + p.Name
	}
	return bind("value", p.Subject, purpose)
}

// padding ends the content of a block (ISO/IEC 7816-4): one such byte, then zeros.
const padding = 0x80

func pad(content []byte, block int) []byte {
	block = max(block, 1)
	padded := make([]byte, (len(content)/block+1)*block)
	padded[copy(padded, content)] = padding
	return padded
}

func unpad(padded []byte) ([]byte, error) {
	content, whole := bytes.CutSuffix(bytes.TrimRight(padded, "\x00"), []byte{padding})
	if !whole {
		return nil, ErrSealed
	}
	return content, nil
}
