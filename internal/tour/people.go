package tour

import (
	"fmt"
	"math/rand/v2"
	"time"

	"shiming/internal/chinaid"
)

// person is somebody who exists nowhere.
type person struct {
	name     string
	idNumber string
	phone    string
	email    string
	card     string // of the sandbox's prefix for a good debit card
}

// newPerson makes up a person. Numbers are random, so that tours against one database do not meet.
func newPerson(name string) (person, error) {
	born := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rand.IntN(30*365))
	id, err := chinaid.NewResidentID("350203", born, rand.IntN(1000))
	if err != nil {
		return person{}, err
	}
	serial := rand.Uint64()
	return person{
		name:     name,
		idNumber: id.Value(),
		phone:    fmt.Sprintf("138%08d", serial%1e8),
		email:    fmt.Sprintf("p%08d@example.com", serial%1e8),
		card:     chinaid.NewCard("622202", serial).Value(),
	}, nil
}

// company is made up but for its code, which is one of the real format.
type company struct {
	name           string
	uscc           string
	representative string
	bankAccount    string
}

// newCompany makes up a company's bank account. It ends in 8, which means nothing special to the sandbox.
func newCompany(name, uscc, representative string) company {
	return company{
		name: name, uscc: uscc, representative: representative,
		bankAccount: fmt.Sprintf("%018d8", rand.Uint64N(1e18)),
	}
}

// body is what PUT …/company takes. On a three-in-one licence (三证合一) all three numbers are the USCC.
func (c company) body() map[string]any {
	return map[string]any{
		"legal_name": c.name, "licence_type": "unified", "uscc": c.uscc,
		"registration_number": c.uscc, "organization_code": c.uscc,
		"legal_representative": c.representative, "address": "福建省厦门市思明区例示路1号",
		"bank": map[string]any{
			"account_name": c.name, "account_number": c.bankAccount,
			"bank_name": "例示银行厦门分行", "cnaps_code": "102393000012",
		},
	}
}
