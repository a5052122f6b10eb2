// Package engine is the client's side of Temporal: it starts registrations and hands acts to them, by name.
//
// It promises that every call ends within its context, that a refusal comes back as a [*registration.Refusal] and
// everything else as one of three errors ([ErrUnavailable], [ErrStillWorking], [ErrNoRun]), that an act with the same
// id is done once however often it is sent, and that it works again by itself when Temporal comes back.
//
// It refuses to link workflow or activity code, and to send anything but ids, codes and vault references.
package engine
