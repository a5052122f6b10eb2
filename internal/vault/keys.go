package vault

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

var (
	// ErrDataKey says that a subject's data key does not unwrap: it is another subject's, another master key's, or damaged;
	// with a KMS also that the KMS did not answer.
	ErrDataKey = errors.New("vault: data key cannot be unwrapped")

	// ErrSealed says that sealed content does not open: it is damaged, cut off, another subject's or another purpose's.
	ErrSealed = errors.New("vault: sealed content cannot be opened")
)

// Keys are what the vault rests on. They are safe for concurrent use.
type Keys struct {
	master      tink.AEAD // wraps data keys
	fingerprint *prf.Set
	engine      tink.AEAD
	engineID    string
	open        *openKeys
}

// newKeys makes ready-to-use primitives, so that an unusable key is found at start.
func newKeys(master tink.AEAD, fingerprint, engine *keyset.Handle) (*Keys, error) {
	set, err := prf.NewPRFSet(fingerprint)
	if err != nil {
		return nil, fmt.Errorf("fingerprint key: %w", err)
	}
	if _, err := set.ComputePrimaryPRF(nil, fingerprintSize); err != nil {
		return nil, fmt.Errorf("fingerprint key: %w", err)
	}
	engineAEAD, err := aead.New(engine)
	if err != nil {
		return nil, fmt.Errorf("engine key: %w", err)
	}
	primary, err := engine.Primary()
	if err != nil {
		return nil, fmt.Errorf("engine key: %w", err)
	}
	return &Keys{
		master: master, fingerprint: set, engine: engineAEAD,
		engineID: strconv.FormatUint(uint64(primary.KeyID()), 10),
		open:     newOpenKeys(openKeysMax),
	}, nil
}

// Engine returns the key for Temporal's payloads and the id of the one that now encrypts.
func (k *Keys) Engine() (key tink.AEAD, id string) { return k.engine, k.engineID }
