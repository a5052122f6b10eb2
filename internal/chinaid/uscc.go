package chinaid

import "strings"

// USCC is a unified social credit code (统一社会信用代码, GB 32100-2015): registering department, category, six digits of
// region, the nine characters of the organisation code, and a check character. Its mask keeps four at both ends.
type USCC struct{ hidden }

const (
	// usccAlphabet leaves out I, O, S, V and Z, which look like digits or each other.
	usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	usccLen      = 18
	usccOrg      = 8 // where the organisation code begins
	usccCheck    = 17
)

// ParseUSCC reads a unified social credit code. The organisation code within it has a check character of its own
// (GB 11714), which is not enforced: codes were issued that do not satisfy it, and the outer check covers it anyway.
func ParseUSCC(s string) (USCC, error) {
	code, err := tidyCode(KindUSCC, s, false)
	switch {
	case err != nil:
		return USCC{}, err
	case !inUSCCAlphabet(code):
		return USCC{}, refuse(KindUSCC, ReasonCharacter)
	case len(code) != usccLen:
		return USCC{}, refuse(KindUSCC, ReasonLength)
	case !allDigits(code[2:usccOrg]):
		return USCC{}, refuse(KindUSCC, ReasonRegion)
	case usccCheckCharacter(code[:usccCheck]) != code[usccCheck]:
		return USCC{}, refuse(KindUSCC, ReasonCheck)
	}
	return USCC{hide(code, maskMiddle(code, 4))}, nil
}

// NewUSCC builds a valid code for a synthetic company from its first eight characters (department, category, region)
// and its organisation code, without hyphen.
func NewUSCC(prefix8, org9 string) (USCC, error) {
	if len(prefix8) != usccOrg || len(prefix8+org9) != usccCheck {
		return USCC{}, refuse(KindUSCC, ReasonLength)
	}
	if !inUSCCAlphabet(prefix8 + org9) {
		return USCC{}, refuse(KindUSCC, ReasonCharacter)
	}
	return ParseUSCC(prefix8 + org9 + string(usccCheckCharacter(prefix8+org9)))
}

// OrganizationCode is characters 9 to 17: what stays the same between a company's old and new papers. It is the
// canonical form of a ParseOrganizationCode of the same company's certificate.
func (c USCC) OrganizationCode() string {
	if c.IsZero() {
		return ""
	}
	return c.Value()[usccOrg:usccCheck]
}

// usccCheckCharacter weighs the character at i (from 0) with 3^i mod 31.
func usccCheckCharacter(body string) byte {
	sum, weight := 0, 1
	for i := range len(body) {
		sum += strings.IndexByte(usccAlphabet, body[i]) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31] // the outer mod: a sum of 0 gives 0, not a 32nd character
}

func inUSCCAlphabet(s string) bool { return strings.Trim(s, usccAlphabet) == "" }
