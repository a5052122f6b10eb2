package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/registration"
)

const published = "91350100M000100Y43" // a published code

func unified() map[string]any {
	return map[string]any{
		"legal_name": "福州例示科技有限公司", "licence_type": "unified", "uscc": published, "registration_number": published, "organization_code": published,
		"legal_representative": "王五", "address": "福州市鼓楼区例示路1号",
		"bank": map[string]any{"account_name": "福州例示科技有限公司", "account_number": "35100 1234 5678 901", "bank_name": "例示银行福州分行", "cnaps_code": "102391000012"},
	}
}

// atCompany brings an enterprise to company_required and returns its path.
func atCompany(t testing.TB, w *world, account string, n int) string {
	t.Helper()
	path := w.open(account, "enterprise")
	session := w.as("platform").post(path+"/admin-session", map[string]any{"role": "authorized_agent"}).ok(200).Body["session_id"].(string)
	id := path[strings.LastIndexByte(path, '/')+1:]
	w.verify(id, session, person(t, n))
	require.Equal(t, "company_required", w.as("platform").get(path).ok(200).state())
	return path
}

func TestCompanyInformationIsCheckedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := atCompany(t, w, "acct-1", 8)
	told := len(w.engine.told())
	put := func(change func(c map[string]any)) answer {
		c := unified()
		change(c)
		return w.as("platform").put(path+"/company", c)
	}
	set := func(field string, value any) func(map[string]any) {
		return func(c map[string]any) { c[field] = value }
	}
	bank := func(field string, value any) func(map[string]any) {
		return func(c map[string]any) { c["bank"].(map[string]any)[field] = value }
	}
	put(set("uscc", "91350100M000100Y44")).refused(422, "uscc_invalid").errorAt("body.uscc", "uscc_invalid")
	put(set("registration_number", "350100123456789")).refused(422, "licence_numbers_must_be_uscc").errorAt("body.registration_number", "licence_numbers_must_be_uscc")
	put(func(c map[string]any) {
		c["registration_number"], c["organization_code"] = "350100123456789", "M000100Y4"
	}).refused(422, "licence_numbers_must_be_uscc")
	put(func(c map[string]any) {
		set("organization_code", "M000100Y4")(c)
		bank("account_name", "别家公司")(c)
	}).refused(422, "invalid_request").errorAt("body.organization_code", "licence_numbers_must_be_uscc").errorAt("body.bank.account_name", "bank_account_name_mismatch")
	put(set("organization_code", "M000100Y4")).refused(422, "licence_numbers_must_be_uscc")
	put(set("organization_code", "91350100M000100Y44")).refused(422, "licence_numbers_must_be_uscc")
	put(bank("account_name", "别家公司")).refused(422, "bank_account_name_mismatch")
	put(bank("account_number", "12")).refused(422, "invalid_request").errorAt("body.bank.account_number", "invalid")
	put(bank("cnaps_code", "12345")).refused(422, "invalid_request").errorAt("body.bank.cnaps_code", "invalid")
	put(bank("cnaps_code", nil)).refused(422, "invalid_request")
	put(bank("iban", "x")).refused(422, "invalid_request").errorAt("body.bank.iban", "unknown")
	put(set("licence_type", "golden")).refused(422, "invalid_request")
	put(set("licence_type", "legacy")).refused(422, "invalid_request").errorAt("body.uscc", "invalid")
	for field := range unified() {
		a := put(func(c map[string]any) { delete(c, field) })
		require.Equal(t, 422, a.Status, "%s: %s", field, a.Raw)
	}
	put(func(c map[string]any) { delete(c, "uscc") }).refused(422, "invalid_request").errorAt("body.uscc", "missing")
	put(func(c map[string]any) { delete(c, "bank") }).refused(422, "invalid_request").errorAt("body.bank.account_number", "missing")
	require.Len(t, w.engine.told(), told)
	require.Zero(t, w.count(`select count(*) from vault_items where purpose = 'company'`))
}

func TestCompanyInformationIsBroughtToItsCanonicalForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := atCompany(t, w, "acct-1", 8)
	c := unified()
	c["uscc"], c["registration_number"], c["organization_code"] = " 91350100m000100y43 ", "９１350100M000100Y43", "91350100-M000100Y4-3"
	a := w.as("platform").put(path+"/company", c).ok(200)
	require.Equal(t, "payout_pending", a.state())
	company := a.Body["company"].(map[string]any)
	require.Equal(t, published, company["uscc"])
	require.Equal(t, published, company["registration_number"])
	require.Equal(t, "****8901", company["bank"].(map[string]any)["account_number"])
	require.Equal(t, "王*", company["legal_representative"])
	require.Equal(t, 2, w.count(`select count(*) from vault_items where purpose = 'company'`), "the form is forgotten, the company kept, and whom its payment goes to")
}

func TestALegacyLicenceHasItsOwnNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := atCompany(t, w, "acct-1", 8)
	c := unified()
	delete(c, "uscc")
	c["licence_type"], c["registration_number"], c["organization_code"] = "legacy", "350100123456789", "M000100Y-4"
	a := w.as("platform").put(path+"/company", c)
	if a.Status == 422 { // the published code's organisation part need not satisfy GB 11714 itself
		c["organization_code"] = "MA345678-" + organizationCheck("MA345678")
		a = w.as("platform").put(path+"/company", c)
	}
	require.Equal(t, "payout_pending", a.ok(200).state())
	number, there := a.Body["company"].(map[string]any)["uscc"]
	require.True(t, there)
	require.Nil(t, number)
}

func TestAPartialCorrectionKeepsTheRest(t *testing.T) {
	t.Parallel()
	on := &registration.View{State: registration.CorrectionRequired, Company: &registration.CompanyView{LicenceType: registration.UnifiedLicence}}
	code := published
	patch, err := CompanyForm{USCC: &code}.check(on)
	require.NoError(t, err)
	require.Equal(t, dossier.Company{USCC: published, RegistrationNumber: published, OrganizationCode: published}, patch, "the three numbers are one")

	empty := ""
	_, err = CompanyForm{LegalName: &empty}.check(on)
	require.Error(t, err, "sent empty is not left out")
	on.State = registration.DetailsRequired
	_, err = CompanyForm{USCC: &code}.check(on)
	require.Error(t, err, "only a correction may be partial")
}

func TestCompanyInformationIsClosedWhileThePaymentIsInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := atCompany(t, w, "acct-1", 8)
	w.as("platform").put(path+"/company", unified()).ok(200)
	acts := w.count(`select count(*) from acts`)
	require.Equal(t, "payout_pending", w.as("platform").put(path+"/company", unified()).refused(409, "wrong_state").Body["state"])
	require.Equal(t, acts, w.count(`select count(*) from acts`), "it does not count")
}
