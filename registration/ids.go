package registration

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// NewID makes an opaque id such as "reg_k3v…": 26 characters, 128 random bits.
func NewID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return IDFrom(prefix, b[:])
}

// IDFrom spells given bytes as an id, for ids that must come out the same again (from a keyed hash, say).
func IDFrom(prefix string, b []byte) string {
	return prefix + "_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// WorkflowID names the one workflow that may run for an account's registration.
func WorkflowID(accountID string) string { return "registration/" + accountID }
