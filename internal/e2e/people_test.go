package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
)

// person is a synthetic applicant; the resident ID is generated with a valid check character.
type person struct {
	Name, IDNumber, Phone, Email string
}

var surnames, givens = []string{"赵", "钱", "孙", "李", "周", "吴", "郑", "王"}, []string{"晓明", "海燕", "文博", "思远", "嘉宁", "雨桐"}

// People are made up one after another from a random one on: their resident IDs repeat after 139,860. Drawn anew each time, two of a
// race for an identity would meet an earlier one in one of a hundred runs.
var (
	firstPerson = rand.IntN(1 << 30)
	people      atomic.Int64
)

func somebody(t testing.TB) person {
	n := firstPerson + int(people.Add(1))
	born := time.Date(1970+n%30, time.Month(1+n%12), 1+n%28, 0, 0, 0, 0, time.UTC)
	id, err := chinaid.NewResidentID("110105", born, n%999+1)
	require.NoError(t, err)
	return person{
		Name: surnames[n%len(surnames)] + givens[n%len(givens)], IDNumber: id.Value(),
		Phone: fmt.Sprintf("138%08d", n%100_000_000), Email: fmt.Sprintf("dev%d@example.com", n),
	}
}

func newAccount(prefix string) string {
	return fmt.Sprintf("%s%d", prefix, rand.Int64())
}

// card makes a Luhn-valid number with the sandbox's prefix.
func card(prefix string) string { return chinaid.NewCard(prefix, rand.Uint64()%1e12).Value() }

func (p person) card(prefix string) map[string]any {
	return map[string]any{"card_number": card(prefix), "holder_name": p.Name, "id_number": p.IDNumber, "phone": p.Phone, "payment_password": "135790"}
}

func (p person) contact() map[string]any {
	return map[string]any{"name": p.Name, "email": p.Email, "phone": p.Phone, "address": "北京市朝阳区例示路1号"}
}

// company is a synthetic organisation with a valid USCC.
type company map[string]any

func someCompany(t testing.TB, legalRepresentative, bankAccountEnding string) company {
	org, err := chinaid.NewOrganizationCode(fmt.Sprintf("%08d", rand.IntN(100_000_000)))
	require.NoError(t, err)
	code, err := chinaid.NewUSCC("91350200", org.Value())
	require.NoError(t, err)
	name := "厦门市例示" + strings.ToUpper(org.Value()[:4]) + "科技有限公司"
	return company{
		"legal_name": name, "licence_type": "unified", "uscc": code.Value(), "registration_number": code.Value(), "organization_code": code.Value(),
		"legal_representative": legalRepresentative, "address": "厦门市思明区例示路1号",
		"bank": map[string]any{
			"account_name": name, "account_number": fmt.Sprintf("6225%08d%s", rand.IntN(100_000_000), bankAccountEnding),
			"bank_name": "例示银行厦门分行", "cnaps_code": "102393000012",
		},
	}
}

func (c company) account() string { return c["bank"].(map[string]any)["account_number"].(string) }

// with is the company with one field changed; "bank.account_number" reaches into the account.
func (c company) with(path, value string) company {
	clone := company{}
	maps.Copy(clone, c)
	if field, inBank := strings.CutPrefix(path, "bank."); inBank {
		bank := map[string]any{}
		maps.Copy(bank, c["bank"].(map[string]any))
		bank[field] = value
		clone["bank"] = bank
		return clone
	}
	clone[path] = value
	return clone
}
