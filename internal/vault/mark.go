package vault

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// ErrOtherKeys says that keys are not those a mark was made with.
var ErrOtherKeys = errors.New("vault: these are other keys")

// markSubject is nobody's registration.
const markSubject = "keys' mark"

// KeysMark tells keys from others without showing them: it may lie beside what they seal.
type KeysMark struct {
	Fingerprint string `json:"fingerprint"` // of the fingerprint key, in hexadecimal
	Engine      string `json:"engine"`      // the id of the engine key
	Probe       string `json:"probe"`       // a data key that seals nothing, under the master key, in base64
}

// Mark makes a mark of these keys.
func (k *Keys) Mark() (KeysMark, error) {
	probe, err := k.NewDataKey(markSubject)
	if err != nil {
		return KeysMark{}, err
	}
	return KeysMark{Fingerprint: k.markFingerprint(), Engine: k.engineID, Probe: base64.StdEncoding.EncodeToString(probe)}, nil
}

func (k *Keys) markFingerprint() string {
	return hex.EncodeToString(k.Fingerprint("keys mark", "")[:8])
}

// Fits is [ErrOtherKeys] of keys that would not open what the marked ones sealed, or not find it again. A master keyset that was rotated
// fits as long as it has the old key; so does a new engine key.
func (m KeysMark) Fits(k *Keys) error {
	probe, err := base64.StdEncoding.DecodeString(m.Probe)
	if err != nil || m.Fingerprint != k.markFingerprint() {
		return ErrOtherKeys
	}
	if _, err := k.unwrap(probe, markSubject); err != nil {
		return errors.Join(ErrOtherKeys, err)
	}
	return nil
}
