// Package registration is the domain of Shiming: what a developer-account registration is, which states it can be
// in, what may happen to it, and how the outside names all of that.
//
// It promises that every legal step of a registration is a row of a table ([Table]), that every human act is judged
// by one table ([Judge]), and that names, codes and ids are spelled in one place. The workflow, the HTTP API, the
// database's constraints and the README's diagrams are all read off these tables.
//
// It refuses to know Temporal, SQL or HTTP, and to hold personal data: what an applicant hands in travels as a
// reference into the vault.
//
// Source: the platform guide of 2020-08-08 (sections 5.1, 5.2 and 6) as docs/process.md reads it.
package registration
