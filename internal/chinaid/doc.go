// Package chinaid reads the identifiers people type into a Chinese registration: resident ID numbers, unified
// social credit codes, organisation codes, old licence numbers, bank cards and accounts, mobile numbers, e-mail
// addresses and names. It checks them, brings them into one canonical form, and masks them.
//
// It promises:
//   - what an input method or a copied text adds (full-width characters, spaces of every kind, invisible marks, and
//     for most numbers hyphens) does not matter;
//   - a value that parsed parses again, to itself;
//   - a parsed value shows itself only to Value. Printed with any verb, logged, or marshalled, also from inside an
//     unexported field, it shows its mask;
//   - an error names what was wrong and never holds any part of the value.
//
// It refuses to know more than the standards say: whether a person, company or account exists, and whether a date of
// birth lies in the future, are the business of those who have a register or a clock.
package chinaid
