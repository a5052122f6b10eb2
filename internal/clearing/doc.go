// Package clearing judges whether an account's identity may be cleared (清除实名, guide section 6, question 2).
//
// It promises to answer all seven conditions every time, in one order, each with what was found and what to do about it
// in the registration's language, and with the earliest date where time alone cures it. It is a pure function of the
// wallet's facts, a calendar and a moment.
//
// It refuses to tell anything of a bound identity: of the holder it knows only whether the caller's data match.
package clearing
