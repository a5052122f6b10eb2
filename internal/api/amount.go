package api

import (
	"errors"
	"strings"
	"unicode"
)

var errAmount = errors.New("api: not an amount of 0.01 to 0.99 CNY with at most two decimals")

// parseAmount reads what an applicant saw on the statement as fen: `0.37`, `.37`, `0.4`, with spaces around and full-width
// digits. Anything else, and anything outside 0.01–0.99 CNY, is refused: it burns no attempt.
func parseAmount(s string) (fen int64, err error) {
	const longest = 64 // with generous spaces
	if len(s) > longest {
		return 0, errAmount
	}
	s = strings.Map(narrow, strings.TrimFunc(s, unicode.IsSpace))
	yuan, cents, found := strings.Cut(s, ".")
	if !found || yuan != "" && yuan != "0" || len(cents) < 1 || len(cents) > 2 {
		return 0, errAmount
	}
	if len(cents) == 1 {
		cents += "0"
	}
	for i := range len(cents) {
		if cents[i] < '0' || cents[i] > '9' {
			return 0, errAmount
		}
		fen = 10*fen + int64(cents[i]-'0')
	}
	if fen == 0 {
		return 0, errAmount
	}
	return fen, nil
}

// narrow makes a full-width digit or full stop an ordinary one.
func narrow(r rune) rune {
	switch {
	case '０' <= r && r <= '９':
		return r - '０' + '0'
	case r == '．':
		return '.'
	}
	return r
}
