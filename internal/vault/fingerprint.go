package vault

import (
	"encoding/hex"
	"fmt"
)

const fingerprintSize = 32 // bytes

// Fingerprint returns 32 bytes that are equal for equal values of a domain ("resident_id", "bank_account") and tell
// nothing else to who lacks the key. The caller normalises the value first.
func (k *Keys) Fingerprint(domain, value string) []byte {
	sum, err := k.fingerprint.ComputePrimaryPRF(bind("fingerprint", domain, value), fingerprintSize)
	if err != nil {
		// The key computed one when it was loaded, and nothing here depends on the value.
		panic(fmt.Sprintf("vault: fingerprint: %v", err))
	}
	return sum
}

// FingerprintHex is Fingerprint in lower-case hexadecimal, for columns and keys that are text.
func (k *Keys) FingerprintHex(domain, value string) string {
	return hex.EncodeToString(k.Fingerprint(domain, value))
}
