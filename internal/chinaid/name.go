package chinaid

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// PersonName is a person's name as it may be printed, 2 to 50 characters. Its mask is 张*. Compare by Fold, not by ==.
type PersonName struct{ hidden }

const (
	shortestName = 2
	longestName  = 50
)

// ParsePersonName reads a name by the rules of CleanName.
func ParsePersonName(s string) (PersonName, error) {
	name, err := CleanName(s)
	if err != nil {
		return PersonName{}, err
	}
	return PersonName{hide(name, MaskName(name))}, nil
}

// Fold is the name's FoldName.
func (n PersonName) Fold() string { return FoldName(n.Value()) }

// CleanName trims a person's name and checks it: 2 to 50 characters, at least one of them a letter, no control
// characters and no line breaks.
func CleanName(s string) (string, error) {
	name, err := clean(KindName, s, shortestName, longestName)
	if err != nil {
		return "", err
	}
	if !strings.ContainsFunc(name, unicode.IsLetter) {
		return "", refuse(KindName, ReasonNoLetter)
	}
	return name, nil
}

// CleanText does the same for any other single line (a developer's or company's name, an address) of minLen to maxLen
// characters; it may be all digits.
func CleanText(s string, minLen, maxLen int) (string, error) {
	return clean(KindText, s, minLen, maxLen)
}

// clean keeps full-width forms, which belong to how a company writes itself, but composes accents (NFC), and drops the
// marks that reorder or hide text on a reviewer's screen.
func clean(k Kind, s string, minLen, maxLen int) (string, error) {
	if len(s) > 2*maxLen*utf8.UTFMax { // room for invisible marks, no more
		return "", refuse(k, ReasonLength)
	}
	if !utf8.ValidString(s) {
		return "", refuse(k, ReasonCharacter)
	}
	out := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && !isJoiner(r) {
			return -1
		}
		return r
	}, norm.NFC.String(s))
	out = norm.NFC.String(strings.TrimFunc(out, ignorable)) // again: a mark may have kept two characters from composing
	switch n := utf8.RuneCountInString(out); {
	case n == 0:
		return "", refuse(k, ReasonEmpty)
	case strings.ContainsFunc(out, isBreak):
		return "", refuse(k, ReasonCharacter)
	case n < minLen || n > maxLen:
		return "", refuse(k, ReasonLength)
	}
	return out, nil
}

// isBreak tells control characters and Unicode's own line and paragraph separators.
func isBreak(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// isJoiner tells the two invisible marks that some scripts and emoji are spelt with.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// MaskName shows a name's first character: 张*. A name of one character shows none, an empty one is empty.
func MaskName(s string) string {
	s = strings.TrimFunc(s, ignorable)
	first, size := utf8.DecodeRuneInString(s)
	switch {
	case s == "":
		return ""
	case size == len(s):
		return "*"
	}
	return string(first) + "*"
}
