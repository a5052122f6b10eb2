package notice

import (
	"regexp"
	"strings"
	"unicode"
)

// Longest user texts, in characters (runes). A name of 50 emoji is up to 350.
const (
	maxName    = 100
	maxMessage = 500
	maxID      = 80
	maxSubject = 120
)

const zeroWidthJoiner = '\u200d' // joins emoji; the only format character worth keeping

// oneLine makes text safe to stand in a line of ours: no line breaks, control or direction characters,
// single spaces, and no longer than max characters.
func oneLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r == unicode.ReplacementChar, unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner:
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, ""))
	return truncate(strings.Join(strings.Fields(s), " "), limit)
}

// truncate cuts to limit characters, the last of them an ellipsis.
func truncate(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimRight(string(runes[:limit-1]), " "+string(zeroWidthJoiner)) + "…"
}

// Dots that no mail program or phone takes for a part of an address.
const (
	oneDotLeader = "\u2024" // looks the same, but phones may lack it
	middleDot    = "·"
)

var scheme = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://+`)

// unlink keeps a user's text from turning into a link in a message that comes from us: schemes go, and a dot
// inside a word is replaced.
func unlink(s, dot string) string {
	runes := []rune(scheme.ReplaceAllString(s, " "))
	var out strings.Builder
	for i, r := range runes {
		if isDot(r) && i > 0 && i+1 < len(runes) && wordy(runes[i-1]) && wordy(runes[i+1]) {
			out.WriteString(dot)
			continue
		}
		out.WriteRune(r)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func isDot(r rune) bool { return r == '.' || r == '\uff0e' || r == '\uff61' }
func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// personal cleans the name of a developer or a company for an e-mail.
func personal(name string) string {
	return unlink(oneLine(name, maxName), oneDotLeader)
}

// opaque keeps of an id what our ids and account ids are made of (api.md: A-Za-z0-9_-).
func opaque(id string) string {
	return truncate(keep(id, func(r rune) bool {
		return r == '_' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
	}), maxID)
}

// lastFour keeps the last four digits, so that a whole account number given by mistake is not shown.
func lastFour(account string) string {
	digits := keep(account, func(r rune) bool { return '0' <= r && r <= '9' })
	return digits[max(0, len(digits)-4):]
}

func keep(s string, wanted func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if wanted(r) {
			return r
		}
		return -1
	}, s)
}
