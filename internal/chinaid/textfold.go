package chinaid

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// numerals are the Chinese digits, as written, in documents and on the phone.
var numerals = map[rune]rune{
	'〇': '0', '零': '0', '一': '1', '壹': '1', '幺': '1', '二': '2', '贰': '2', '三': '3', '叁': '3', '四': '4', '肆': '4',
	'五': '5', '伍': '5', '六': '6', '陆': '6', '七': '7', '柒': '7', '八': '8', '捌': '8', '九': '9', '玖': '9', '两': '2',
}

// foldText writes every digit of a text as an ASCII one, letters in upper case, and leaves out marks that nobody sees.
func foldText(s string) string {
	return strings.Map(func(r rune) rune {
		digit, chinese := numerals[r]
		switch {
		case chinese:
			return digit
		case r > unicode.MaxASCII && unicode.IsDigit(r):
			return digitOf(r)
		case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me):
			return -1
		case r == '×':
			return 'X'
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(s))
}

// digitOf is the ASCII digit of another script's. Unicode keeps each script's ten together.
func digitOf(r rune) rune {
	for _, block := range unicode.Nd.R16 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	return r
}

// mostSeparators is how many characters may part two groups of one number: " - ".
const mostSeparators = 3

func separates(r rune) bool {
	return unicode.IsSpace(r) || isHyphen(r) || strings.ContainsRune("._/()·•‧・", r)
}

// runsIn finds the runs of a folded text. Digits among letters, as in an id or a hash, stand alone if they are many, and are
// nothing else.
func runsIn(folded string) []run {
	var runs []run
	var open run
	end := 0 // of the group before
	for _, at := range digitGroups.FindAllStringIndex(folded, -1) {
		g := group{digits: folded[at[0]:at[1]], x: xAfter(folded[at[1]:]), plus: strings.HasSuffix(strings.TrimRight(folded[:at[0]], "( "), "+")}
		between := folded[end:at[0]]
		if len(open) == 0 || g.plus || len([]rune(between)) > mostSeparators || strings.ContainsFunc(between, func(r rune) bool { return !separates(r) }) {
			runs, open = closed(runs, open), nil
		}
		if touches(folded, at) && len(g.digits) < mobileLen {
			runs, open = closed(runs, open), nil
			end = at[1]
			continue
		}
		open, end = append(open, g), at[1]
	}
	return closed(runs, open)
}

func closed(runs []run, open run) []run {
	if len(open) == 0 {
		return runs
	}
	return append(runs, open)
}

var digitGroups = regexp.MustCompile(`[0-9]+`)

// touches reports whether a letter stands right beside digits, but for the X of a resident ID number.
func touches(folded string, at []int) bool {
	letter := func(s string, i int) bool { return i >= 0 && i < len(s) && 'A' <= s[i] && s[i] <= 'Z' }
	after := letter(folded, at[1]) && !xAfter(folded[at[1]:])
	return letter(folded, at[0]-1) || after
}

// xAfter reports whether an X that belongs to nothing else comes next.
func xAfter(rest string) bool {
	rest = strings.TrimLeftFunc(rest, separates)
	after, isX := strings.CutPrefix(rest, "X")
	return isX && (after == "" || !alphanumeric(after[:1]))
}

// moment matches what is a date, a time, an amount, one of our ids, or a hash, or a company's code with letters in it. What is around it
// is in groups of their own.
var moments = []*regexp.Regexp{
	regexp.MustCompile(`()\b[A-Z]{2,6}_[A-Z2-7]{26}\b()`),
	regexp.MustCompile(`()\b[0-9A-F]{32,128}\b()`),
	regexp.MustCompile(`()\b(?:1|5|9)[1-9][0-9]{6}[0-9A-Z]{10}\b()`),
	regexp.MustCompile(`(^|[^0-9])(?:19|20)[0-9]{2} ?[-./年] ?(?:0?[1-9]|1[0-2]) ?[-./月] ?(?:[12][0-9]|3[01]|0?[1-9]) ?[日号T]?($|[^0-9])`),
	regexp.MustCompile(`(^|[^0-9])(?:[12][0-9]|3[01]|0?[1-9])[-./](?:[12][0-9]|3[01]|0?[1-9])[-./](?:19|20)[0-9]{2}($|[^0-9])`),
	regexp.MustCompile(`(^|[^0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?($|[^0-9])`),
	regexp.MustCompile(`(^|[^0-9.])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})\.[0-9]{1,2}($|[^0-9.])`),
}

// withoutMoments leaves them out. Twice, for two that share a space between them.
func withoutMoments(folded string) string {
	for _, m := range moments {
		for range 2 {
			folded = m.ReplaceAllStringFunc(folded, func(found string) string {
				around := m.FindStringSubmatch(found)
				if digitsOnly(found) { // a code of digits alone is judged as a number
					return found
				}
				return around[1] + "\x00" + around[2]
			})
		}
	}
	return folded
}

func digitsOnly(s string) bool { return s != "" && allDigits(s) }
