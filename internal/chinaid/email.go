package chinaid

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Email is a bare e-mail address (RFC 5322 addr-spec) with its domain in lower case. Its mask is c***@example.com.
type Email struct{ hidden }

// Lengths in bytes, of a whole address and of the part before the @ (RFC 5321, 4.5.3.1, with erratum 1690).
const (
	longestEmail = 254
	longestLocal = 64
)

const hostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-."

// ParseEmail reads an address without display name, comment or quotes, in a domain with a dot; surrounding spaces are
// taken. Addresses outside ASCII are refused, because the providers that carry our notices do not deliver to them; an
// internationalised domain passes in its xn-- form. The local part keeps its case, which is its host's affair.
func ParseEmail(s string) (Email, error) {
	if len(s) > 4*longestEmail { // room for full-width letters, no more
		return Email{}, refuse(KindEmail, ReasonLength)
	}
	addr := strings.TrimFunc(norm.NFKC.String(s), ignorable)
	if addr == "" {
		return Email{}, refuse(KindEmail, ReasonEmpty)
	}
	if strings.ContainsFunc(addr, notVisibleASCII) {
		return Email{}, refuse(KindEmail, ReasonCharacter)
	}
	parsed, err := mail.ParseAddress(addr)
	if err != nil || parsed.Address != addr { // the parser's error quotes the address, so it goes no further
		return Email{}, refuse(KindEmail, ReasonForm)
	}
	local, domain := splitEmail(addr)
	domain = strings.ToLower(domain)
	addr = local + "@" + domain
	switch {
	case !strings.Contains(domain, ".") || strings.Trim(domain, hostCharacters) != "":
		return Email{}, refuse(KindEmail, ReasonForm)
	case len(addr) > longestEmail || len(local) > longestLocal:
		return Email{}, refuse(KindEmail, ReasonLength)
	}
	return Email{hide(addr, MaskEmail(addr))}, nil
}

// MaskEmail shows an address's first character and its domain: c***@example.com. What is no address is masked whole.
func MaskEmail(s string) string {
	local, domain := splitEmail(s)
	if local == "" || domain == "" {
		return "***"
	}
	first, _ := utf8.DecodeRuneInString(local)
	return string(first) + "***@" + domain
}

// splitEmail splits at the last @: a quoted local part may hold others.
func splitEmail(s string) (local, domain string) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s, ""
	}
	return s[:at], s[at+1:]
}

func notVisibleASCII(r rune) bool { return r <= ' ' || r > '~' }

// ignorable tells spaces and invisible marks.
func ignorable(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
