package cli

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// clean takes out of a text what could steer a terminal or make it read as something else: control characters, and
// those that only format (direction marks, say).
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// columns is how wide a clean text is on a terminal: East Asian characters take two columns (Unicode UAX #11).
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// pad fills a text up to a width.
func pad(s string, to int) string { return s + strings.Repeat(" ", max(0, to-columns(s))) }

// at is a time as people read it, in the offset that the API chose.
func at(t time.Time) string { return t.Format("2006-01-02 15:04 -07:00") }

// exactly is a time to the second.
func exactly(t time.Time) string { return t.Format("2006-01-02 15:04:05 -07:00") }

func atOr(t *time.Time) string {
	if t == nil {
		return ""
	}
	return at(*t)
}

// age is a number of seconds in words, in the largest unit of which there is one.
func age(seconds int64) string {
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	switch {
	case seconds >= day:
		return plural(int(seconds/day), "day")
	case seconds >= hour:
		return plural(int(seconds/hour), "hour")
	case seconds >= minute:
		return plural(int(seconds/minute), "minute")
	}
	return plural(int(seconds), "second")
}

func or(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// met is how a condition stands.
func met(b *bool) string {
	switch {
	case b == nil:
		return "not known yet"
	case *b:
		return "met"
	}
	return "not met"
}

func yes(b bool, word string) string {
	if b {
		return word
	}
	return ""
}
