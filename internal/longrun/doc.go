// Package longrun holds one test: a registration that is acted upon thousands of times.
//
// It promises to show that such a registration is continued as new as often as the engine suggests it, that its acts at the
// end cost what they cost at the beginning, and that the worker's memory does not grow with it. It has an engine of its own,
// which suggests it early. It refuses to judge how quick an act is: it says so, and counts events.
package longrun
