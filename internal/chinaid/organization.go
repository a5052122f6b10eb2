package chinaid

// OrganizationCode is an organisation code (组织机构代码, GB 11714-1997): eight characters and a check character,
// canonically without the hyphen it is written with. Its mask keeps the last four.
type OrganizationCode struct{ hidden }

const (
	organizationLen   = 9
	organizationCheck = 8
)

// ParseOrganizationCode reads an organisation code, as 12345678-X or without the hyphen.
func ParseOrganizationCode(s string) (OrganizationCode, error) {
	code, err := tidyCode(KindOrganizationCode, s, false)
	switch {
	case err != nil:
		return OrganizationCode{}, err
	case !alphanumeric(code):
		return OrganizationCode{}, refuse(KindOrganizationCode, ReasonCharacter)
	case len(code) != organizationLen:
		return OrganizationCode{}, refuse(KindOrganizationCode, ReasonLength)
	case organizationCheckCharacter(code[:organizationCheck]) != code[organizationCheck]:
		return OrganizationCode{}, refuse(KindOrganizationCode, ReasonCheck)
	}
	return OrganizationCode{hide(code, maskMiddle(code, 0))}, nil
}

// NewOrganizationCode builds a valid code for a synthetic organisation from its first eight characters, 0-9 and A-Z.
func NewOrganizationCode(body8 string) (OrganizationCode, error) {
	if len(body8) != organizationCheck {
		return OrganizationCode{}, refuse(KindOrganizationCode, ReasonLength)
	}
	if !alphanumeric(body8) {
		return OrganizationCode{}, refuse(KindOrganizationCode, ReasonCharacter)
	}
	return ParseOrganizationCode(body8 + string(organizationCheckCharacter(body8)))
}

// organizationCheckCharacter is GB 11714's: eleven less the weighted sum mod 11, ten written X and eleven 0.
func organizationCheckCharacter(body string) byte {
	weights := [organizationCheck]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, weight := range weights {
		sum += weight * alphanumericValue(body[i])
	}
	return "0123456789X"[(11-sum%11)%11]
}

// alphanumericValue is 0 to 9 for digits and 10 to 35 for letters.
func alphanumericValue(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return int(c-'A') + 10
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
