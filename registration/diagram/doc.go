// Package diagram draws the transition table for people to read.
//
// It promises that every row of [registration.Table] is shown, either as an arrow or, where arrows would hide the way
// that most registrations take, in a list below. It refuses to lay anything out: that is the business of whatever shows
// Mermaid.
package diagram
