package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// envelope is what the master key wraps: a subject's two keysets, in Tink's binary form. It stays under the 4 KiB that
// cloud KMS take at a time.
type envelope struct {
	Values []byte `json:"values"`
	Blobs  []byte `json:"blobs"`
}

// subjectKeys are an unwrapped data key.
type subjectKeys struct {
	values tink.AEAD
	blobs  tink.StreamingAEAD
}

// NewDataKey makes the data key of a subject (an opaque id). Keep what it returns: without it nothing of the subject
// opens again.
func (k *Keys) NewDataKey(subject string) (wrapped []byte, err error) {
	values, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	blobs, err := keyset.NewHandle(streamingaead.AES256GCMHKDF4KBKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	var e envelope
	if e.Values, err = exportKeyset(values); err != nil {
		return nil, err
	}
	if e.Blobs, err = exportKeyset(blobs); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	return k.wrap(plain, subject)
}

// Rewrap wraps a data key anew with the master keyset's primary key. What it sealed stays as it is.
func (k *Keys) Rewrap(wrapped []byte, subject string) ([]byte, error) {
	plain, err := k.unwrap(wrapped, subject)
	if err != nil {
		return nil, err
	}
	return k.wrap(plain, subject)
}

// Forget drops a subject's unwrapped key from memory. Call it when the subject's data key is gone.
func (k *Keys) Forget(subject string) { k.open.forget(subject) }

// Seal encrypts plaintext for its place, padded to a multiple of block bytes, so that its length tells nothing but how many
// blocks it fills.
func (k *Keys) Seal(wrapped []byte, p Place, block int, plaintext []byte) ([]byte, error) {
	keys, err := k.subject(wrapped, p.Subject)
	if err != nil {
		return nil, err
	}
	sealed, err := keys.values.Encrypt(pad(plaintext, block), p.bound())
	if err != nil {
		return nil, fmt.Errorf("vault: seal: %w", err)
	}
	return append([]byte{placed}, sealed...), nil
}

// Open returns what was sealed for the same place; anything else is [ErrSealed].
func (k *Keys) Open(wrapped []byte, p Place, sealed []byte) ([]byte, error) {
	keys, err := k.subject(wrapped, p.Subject)
	if err != nil {
		return nil, err
	}
	rest, isPlaced := bytes.CutPrefix(sealed, []byte{placed})
	if !isPlaced {
		plaintext, err := keys.values.Decrypt(sealed, p.boundBefore())
		if err != nil {
			return nil, ErrSealed
		}
		return plaintext, nil
	}
	padded, err := keys.values.Decrypt(rest, p.bound())
	if err != nil {
		return nil, ErrSealed
	}
	return unpad(padded)
}

// subject returns the subject's unwrapped key, from memory if it was used lately.
func (k *Keys) subject(wrapped []byte, subject string) (*subjectKeys, error) {
	if keys, ok := k.open.get(subject, wrapped); ok {
		return keys, nil
	}
	plain, err := k.unwrap(wrapped, subject)
	if err != nil {
		return nil, err
	}
	keys, err := parseEnvelope(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDataKey, err)
	}
	k.open.put(subject, wrapped, keys)
	return keys, nil
}

func (k *Keys) wrap(plain []byte, subject string) ([]byte, error) {
	if subject == "" {
		return nil, errors.New("vault: a data key without a subject")
	}
	wrapped, err := k.master.Encrypt(plain, bind("data key", subject))
	if err != nil {
		return nil, fmt.Errorf("vault: wrap data key: %w", err)
	}
	return wrapped, nil
}

func (k *Keys) unwrap(wrapped []byte, subject string) ([]byte, error) {
	plain, err := k.master.Decrypt(wrapped, bind("data key", subject))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDataKey, err)
	}
	return plain, nil
}

func parseEnvelope(plain []byte) (*subjectKeys, error) {
	var e envelope
	if err := json.Unmarshal(plain, &e); err != nil {
		return nil, err
	}
	values, err := importKeyset(e.Values)
	if err != nil {
		return nil, err
	}
	blobs, err := importKeyset(e.Blobs)
	if err != nil {
		return nil, err
	}
	var keys subjectKeys
	if keys.values, err = aead.New(values); err != nil {
		return nil, err
	}
	if keys.blobs, err = streamingaead.New(blobs); err != nil {
		return nil, err
	}
	return &keys, nil
}

// exportKeyset gives a keyset in clear. It goes nowhere but under the master key.
func exportKeyset(h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewBinaryWriter(&b)); err != nil {
		return nil, fmt.Errorf("export key: %w", err)
	}
	return b.Bytes(), nil
}

func importKeyset(b []byte) (*keyset.Handle, error) {
	return insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(b)))
}
