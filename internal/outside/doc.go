// Package outside is the plumbing every adapter to an outside party shares: one JSON request over HTTP, and one
// answer to the only question a caller must decide on afterwards — did it happen?
//
// It promises that every failure is one of three, told apart with errors.Is and errors.As:
//
//   - [ErrUnavailable]: nothing was done; the same call may be made again. The party could not be reached, was busy
//     (429, 503) or did not accept our credentials (401, 403), which is ours to mend and no answer to the request.
//   - [ErrUnknown]: the request went out and no readable answer came back. It may have been done.
//   - [*Answer]: the party understood the request and said no.
//
// Reading changes nothing, so a GET whose answer is lost is ErrUnavailable.
//
// It refuses to follow redirects, to read an answer of more than 1 MiB, to wait longer than the client's time-out, and
// to put a URL, a request value or the party's own words into an error.
package outside
