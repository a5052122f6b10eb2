package workflowtest

import (
	"fmt"
	"time"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/registration"
)

// Person makes the nth synthetic person.
func Person(n int) dossier.Person {
	id, err := chinaid.NewResidentID("110105", time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/500), n%500)
	if err != nil {
		panic(err)
	}
	return dossier.Person{Holder: "张" + ordinal(n), IDNumber: id.Value()}
}

// Card is a person's personal debit card.
func Card(n int) dossier.Card {
	p := Person(n)
	return dossier.Card{Number: chinaid.NewCard("622202", uint64(n)).Value(), Holder: p.Holder, IDNumber: p.IDNumber, Phone: phone(n)}
}

// Company makes the nth synthetic company on a unified licence, with the nth person as its legal representative and
// the nth corporate bank account.
func Company(n int) dossier.Company {
	org, err := chinaid.NewOrganizationCode(fmt.Sprintf("MA%06d", n))
	if err != nil {
		panic(err)
	}
	uscc, err := chinaid.NewUSCC("91350200", org.Value())
	if err != nil {
		panic(err)
	}
	name := "厦门" + ordinal(n) + "科技有限公司"
	return dossier.Company{
		LegalName: name, LicenceType: registration.UnifiedLicence, USCC: uscc.Value(), RegistrationNumber: uscc.Value(), OrganizationCode: uscc.Value(),
		LegalRepresentative: Person(n).Holder, Address: "厦门市思明区例示路1号",
		Bank: dossier.Bank{AccountName: name, AccountNumber: fmt.Sprintf("35100%013d", n), BankName: "例示银行厦门分行", CNAPSCode: "102393000012"},
	}
}

// Contact is the nth person's contact information.
func Contact(n int) dossier.Contact {
	return dossier.Contact{Name: Person(n).Holder, Email: fmt.Sprintf("contact%d@example.com", n), Phone: phone(n), Address: "厦门市思明区例示路2号"}
}

func phone(n int) string { return fmt.Sprintf("138%08d", n) }

func ordinal(n int) string {
	const digits = "零一二三四五六七八九"
	var s []rune
	for ; n > 0 || len(s) == 0; n /= 10 {
		s = append([]rune{[]rune(digits)[n%10]}, s...)
	}
	return string(s)
}
