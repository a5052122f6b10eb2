package chinaid

// RegistrationNumber is the number of an old business licence (工商注册号, GS 15-2006), 15 digits. Its mask keeps the
// last four.
type RegistrationNumber struct{ hidden }

// ParseRegistrationNumber reads the number of an old licence by its shape alone. The last digit is a check digit by
// GS 15-2006, but numbers of 13 digits issued before were widened to 15 without one, so it proves nothing and is not
// enforced.
func ParseRegistrationNumber(s string) (RegistrationNumber, error) {
	const digits = 15
	n, err := tidyDigits(KindRegistrationNumber, s, true, digits, digits)
	if err != nil {
		return RegistrationNumber{}, err
	}
	return RegistrationNumber{hide(n, maskMiddle(n, 0))}, nil
}
