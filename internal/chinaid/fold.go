package chinaid

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// SameName tells whether two names are one by the process's rule: after NFKC, without spaces, middle dots made one,
// brackets likewise, whatever the case of Latin letters. An empty name is nobody's.
func SameName(a, b string) bool {
	folded := FoldName(a)
	return folded != "" && folded == FoldName(b)
}

// FoldName is the form that SameName compares and that fingerprints of names are made of. Folding twice changes nothing.
func FoldName(s string) string {
	// Dropping a space may bring two characters together that compose into one, so fold until nothing moves;
	// real names need one round and one to see it.
	const rounds = 8
	for range rounds {
		next := foldOnce(s)
		if next == s {
			break
		}
		s = next
	}
	return s
}

func foldOnce(s string) string {
	return strings.Map(foldRune, norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))))
}

// foldRune works on what NFKC has left: full-width and small forms of these are gone already.
func foldRune(r rune) rune {
	switch r {
	case '•', '‧', '・', '∙', '⋅', '⸱', 'ꞏ', '᛫': // · itself stays; NFKC has brought half-width and Greek dots here
		return '·'
	case '【', '[', '〔', '〖', '{', '〘', '〚', '❨':
		return '('
	case '】', ']', '〕', '〗', '}', '〙', '〛', '❩':
		return ')'
	}
	if ignorable(r) || unicode.Is(unicode.Variation_Selector, r) {
		return -1
	}
	return r
}
