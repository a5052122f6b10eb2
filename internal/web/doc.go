// Package web makes every HTTP server of the product: the API's, its metrics', the worker's health check, the codec's and
// the sandbox's.
//
// It promises that a client that is slow, silent or greedy takes little and holds up nobody: whatever is read or written
// has its time; a request is answered as soon as its answer is known, whether or not the rest of its body comes; and when
// there are too many connections, those that wait for their client make room, the longest waiting first.
//
// It refuses to cut off work: a connection whose request has arrived whole is left alone until it is answered, and one over
// which somebody who is known still sends is the last to make room.
package web
