// Package vault keeps what applicants hand in. It promises that personal data is unreadable at rest without its keys, and
// comparable without being readable. It does not promise that anything can be erased. Its cryptography is Tink's.
//
// Three things rest on one set of [Keys]:
//   - Every subject (a registration, a clearing) has a data key of its own, wrapped by the master key. Values
//     ([Keys.Seal]) and scans ([Blobs]) are sealed with it and bound to the subject, to what they are for, and values to the row they
//     belong to ([Place]), so that what was copied or turned elsewhere does not open. Values are padded: their length tells nothing.
//     Without its wrapped key nothing of a subject opens; but the wrapped keys lie in the database beside what they seal, and in every
//     backup of it, and whoever has the master key opens them there.
//   - Equality of what must be unique or counted (an ID number, a bank account) goes through keyed fingerprints
//     ([Keys.Fingerprint]). Unlike a plain hash they cannot be guessed by trying all values.
//   - Temporal's payloads have a key too ([Keys.Engine]); package codec uses it.
//
// The vault stores no keys and no rows: package postgres does. It refuses key files that others may read, never
// overwrites one, and says nothing about the content in its errors.
//
// The fingerprint key must never change, or what is bound once is not recognised any more; master and engine key may be rotated by
// adding a key to their keyset and making it primary (Tink's tinkey does). The old key stays: nothing calls [Keys.Rewrap] for the
// data keys that it has wrapped.
package vault
