package chinaid

import "strings"

// Mobile is a mainland mobile number, 11 digits from 13… to 19…, without country code. Its mask is 138****1234.
type Mobile struct{ hidden }

const mobileLen = 11

// ParseMobile reads a mobile number, also with +86, 0086 or 86 before it and in the groups of an address book.
func ParseMobile(s string) (Mobile, error) {
	n, err := tidyCode(KindMobile, s, false)
	if err != nil {
		return Mobile{}, err
	}
	n = withoutCountryCode(n)
	switch {
	case !allDigits(n):
		return Mobile{}, refuse(KindMobile, ReasonCharacter)
	case len(n) != mobileLen:
		return Mobile{}, refuse(KindMobile, ReasonLength)
	case n[0] != '1' || n[1] < '3':
		return Mobile{}, refuse(KindMobile, ReasonForm)
	}
	return Mobile{hide(n, maskMiddle(n, 3))}, nil
}

func withoutCountryCode(n string) string {
	for _, code := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(n, code); ok {
			return rest
		}
	}
	return n
}
