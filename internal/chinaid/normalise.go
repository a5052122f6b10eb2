package chinaid

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// longestInput is the most bytes looked at of a number or code; the longest real one has 32 characters, and
// normalising megabytes to find that out would be a gift to an attacker.
const longestInput = 256

// minusSign is the one dash-like character that Unicode does not count among the dashes.
const minusSign = '−'

// tidyCode brings a typed number or code into plain upper-case ASCII as far as that is possible: NFKC (full-width
// characters, the Roman numeral Ⅹ that input methods offer for X), without spaces and invisible marks.
func tidyCode(k Kind, s string, keepHyphens bool) (string, error) {
	if len(s) > longestInput {
		return "", refuse(k, ReasonLength)
	}
	out := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		case !keepHyphens && isHyphen(r):
			return -1
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, norm.NFKC.String(s))
	if out == "" {
		return "", refuse(k, ReasonEmpty)
	}
	return out, nil
}

func isHyphen(r rune) bool { return r == minusSign || unicode.Is(unicode.Pd, r) }

// tidyDigits is tidyCode for numbers of min to max digits.
func tidyDigits(k Kind, s string, keepHyphens bool, minLen, maxLen int) (string, error) {
	d, err := tidyCode(k, s, keepHyphens)
	if err != nil {
		return "", err
	}
	if !allDigits(d) {
		return "", refuse(k, ReasonCharacter)
	}
	if len(d) < minLen || len(d) > maxLen {
		return "", refuse(k, ReasonLength)
	}
	return d, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
