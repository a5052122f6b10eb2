package people

import (
	"fmt"
	"math/rand/v2"
	"time"

	"shiming/internal/chinaid"
)

// person is somebody who exists nowhere. Numbers are random, so that no two meet.
type person struct {
	name, idNumber, phone, email string
}

// random is a number below n.
func random(n int) int { return rand.IntN(n) } //nolint:gosec // nobody's secret: these people exist nowhere

func newPerson() (person, error) {
	serial := random(1e8)
	born := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random(40*365))
	id, err := chinaid.NewResidentID("110105", born, serial%999+1)
	if err != nil {
		return person{}, err
	}
	return person{
		name: "陈晓明", idNumber: id.Value(), phone: fmt.Sprintf("138%08d", serial), email: fmt.Sprintf("bench%08d@example.com", serial),
	}, nil
}

func (p person) card() map[string]any {
	return map[string]any{
		"card_number": chinaid.NewCard("622202", uint64(random(1e12))).Value(), "holder_name": p.name, "id_number": p.idNumber,
		"phone": p.phone, "payment_password": "135790",
	}
}

func (p person) contact() map[string]any {
	// Another mailbox than the one the account is registered with: the result goes to both.
	return map[string]any{"name": p.name, "email": "contact." + p.email, "phone": p.phone, "address": "北京市朝阳区例示路1号"}
}

// What the sandbox's bank does with an account that ends so.
const (
	settles      = "6789"
	neverSettles = "0004"
)

// newCompany makes a company up, with a code of the real format.
func newCompany(representative, ending string) (body map[string]any, account string, err error) {
	org, err := chinaid.NewOrganizationCode(fmt.Sprintf("%08d", random(1e8)))
	if err != nil {
		return nil, "", err
	}
	code, err := chinaid.NewUSCC("91350200", org.Value())
	if err != nil {
		return nil, "", err
	}
	account = fmt.Sprintf("6225%010d%s", random(1e10), ending)
	name := "厦门市例示" + org.Value()[:8] + "科技有限公司"
	return map[string]any{
		"legal_name": name, "licence_type": "unified", "uscc": code.Value(), "registration_number": code.Value(), "organization_code": code.Value(),
		"legal_representative": representative, "address": "厦门市思明区例示路1号",
		"bank": map[string]any{"account_name": name, "account_number": account, "bank_name": "例示银行厦门分行", "cnaps_code": "102393000012"},
	}, account, nil
}
