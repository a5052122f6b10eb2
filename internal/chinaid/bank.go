package chinaid

// BankAccount is the number of a company's bank account, 6 to 32 digits; banks number as they like and no check is
// common to them. Its mask is ****6789.
type BankAccount struct{ hidden }

const (
	shortestAccount = 6
	longestAccount  = 32
)

// ParseBankAccount reads an account number, with or without spaces and hyphens.
func ParseBankAccount(s string) (BankAccount, error) {
	n, err := tidyDigits(KindBankAccount, s, false, shortestAccount, longestAccount)
	if err != nil {
		return BankAccount{}, err
	}
	return BankAccount{hide(n, maskLast4(n))}, nil
}

// Last4 is the last four digits, which may be shown; empty for the zero value.
func (a BankAccount) Last4() string {
	if a.IsZero() {
		return ""
	}
	return last4(a.Value())
}

// CNAPS is a bank branch's number in the People's Bank's payment system (大额支付行号), 12 digits. Its mask is ****6789.
type CNAPS struct{ hidden }

// ParseCNAPS reads a CNAPS code by its shape; whether the branch exists is the bank's to say.
func ParseCNAPS(s string) (CNAPS, error) {
	const digits = 12
	n, err := tidyDigits(KindCNAPS, s, false, digits, digits)
	if err != nil {
		return CNAPS{}, err
	}
	return CNAPS{hide(n, maskLast4(n))}, nil
}
