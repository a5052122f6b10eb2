package storm

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"shiming/internal/chinaid"
)

// person is an applicant's holder: made up, each another, the same for the same number.
type person struct{ Name, IDNumber, Phone, Email string }

var surnames, givens = []string{"赵", "钱", "孙", "李", "周", "吴", "郑", "王"}, []string{"晓明", "海燕", "文博", "思远", "嘉宁", "雨桐"}

func personOf(n int) person {
	born := time.Date(1970+n%30, time.Month(1+n%12), 1+n%28, 0, 0, 0, 0, time.UTC)
	id, err := chinaid.NewResidentID("110105", born, n%999+1)
	if err != nil {
		panic(err)
	}
	return person{
		Name: surnames[n%len(surnames)] + givens[n%len(givens)], IDNumber: id.Value(),
		Phone: fmt.Sprintf("138%08d", n), Email: fmt.Sprintf("dev%d@example.com", n),
	}
}

func (p person) card(prefix string, n int) map[string]any {
	return map[string]any{
		"card_number": chinaid.NewCard(prefix, uint64(n)).Value(), "holder_name": p.Name, "id_number": p.IDNumber, "phone": p.Phone,
		"payment_password": "135790",
	}
}

func (p person) contact() map[string]any {
	return map[string]any{"name": p.Name, "email": p.Email, "phone": p.Phone, "address": "北京市朝阳区例示路1号"}
}

// companyOf is the company of an applicant, with one of its bank accounts.
func companyOf(n int, legalRepresentative, account string) map[string]any {
	org, err := chinaid.NewOrganizationCode(fmt.Sprintf("%08d", n))
	if err != nil {
		panic(err)
	}
	code, err := chinaid.NewUSCC("91350200", org.Value())
	if err != nil {
		panic(err)
	}
	name := "厦门市例示" + strings.ToUpper(org.Value()) + "科技有限公司"
	return map[string]any{
		"legal_name": name, "licence_type": "unified", "uscc": code.Value(), "registration_number": code.Value(), "organization_code": code.Value(),
		"legal_representative": legalRepresentative, "address": "厦门市思明区例示路1号",
		"bank": map[string]any{"account_name": name, "account_number": account, "bank_name": "例示银行厦门分行", "cnaps_code": "102393000012"},
	}
}

// bankAccount is an applicant's account for the try-th company information, ending as its plan says; "" is any ordinary ending.
func bankAccount(n, try int, ending string) string {
	if ending == "" {
		ending = fmt.Sprintf("67%02d", try%100)
	}
	return fmt.Sprintf("6225%05d%03d%s", n, try, ending)
}

// scan is a small real PNG that differs with its seed.
func scan(seed string) []byte {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i, c := range []byte(seed) {
		img.SetGray(i%16, i/16%16, color.Gray{Y: c})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}
