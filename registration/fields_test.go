package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

func correct(fields ...Field) Corrections {
	cs := make(Corrections, 0, len(fields))
	for _, f := range fields {
		cs = append(cs, Correction{Reason: Reason{Field: f, Code: "unreadable"}})
	}
	return cs
}

func TestFieldsCover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f, g   Field
		covers bool
	}{
		{"company", "company", true},
		{"company", FieldUSCC, true},
		{"company", FieldBankAccountNumber, true},
		{"company.bank", FieldBankAccountNumber, true},
		{"company.bank", FieldUSCC, false},
		{FieldUSCC, "company", false},
		{FieldContact, FieldContactEmail, true},
		{"comp", FieldUSCC, false},
		{"", FieldUSCC, false},
		{FieldName, FieldContactName, false},
	} {
		assert.Equal(t, c.covers, c.f.Covers(c.g), "%q covers %q", c.f, c.g)
	}
	assert.True(t, FieldBankName.In("company"))
	assert.False(t, FieldContactEmail.In("company"))
}

func TestKnownFields(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		seen := map[Field]bool{}
		for _, f := range Fields(kind) {
			assert.True(t, KnownField(kind, f), "%s: %s", kind, f)
			assert.False(t, seen[f], "%s: %s is listed twice", kind, f)
			seen[f] = true
		}
		for _, f := range []Field{FieldName, FieldIdentity, FieldContact, FieldContactEmail, "documents.id_card_front"} {
			assert.True(t, KnownField(kind, f), "%s: %s", kind, f)
		}
		for _, f := range []Field{"", "nothing", "contact.", "documents", "documents.passport", "company.", "company.bank", "Name"} {
			assert.False(t, KnownField(kind, f), "%s: %q", kind, f)
		}
	}
	for _, f := range append(CompanyFields(), "company") {
		assert.True(t, KnownField(Enterprise, f), f)
		assert.False(t, KnownField(Individual, f), f)
	}
}

// TestRequiredSlots is the HTTP contract's list of what must be handed in to submit.
func TestRequiredSlots(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []Slot{IDCardFront, IDCardBack}, RequiredSlots(Individual, ""))
	assert.Equal(t, []Slot{BusinessLicence}, RequiredSlots(Enterprise, LegalRepresentative))
	assert.Equal(t, []Slot{BusinessLicence, AuthorizationLetter}, RequiredSlots(Enterprise, AuthorizedAgent))
	assert.Equal(t, []Slot{BusinessLicence}, RequiredSlots(Enterprise, ""))
	for _, kind := range Kinds() {
		for _, role := range []Role{"", LegalRepresentative, AuthorizedAgent} {
			assert.Subset(t, Slots(), RequiredSlots(kind, role))
		}
	}
	assert.Len(t, Slots(), 9)
}

func TestFirstRoundOpensEverything(t *testing.T) {
	t.Parallel()
	var none Corrections
	assert.False(t, none.Left())
	for _, kind := range Kinds() {
		for _, f := range Fields(kind) {
			assert.True(t, none.Open(f), f)
		}
	}
	none.Mark(FieldName) // nothing to mark, nothing to break
}

func TestACorrectionOpensOnlyWhatIsNamed(t *testing.T) {
	t.Parallel()
	cs := correct(FieldContactEmail, DocumentField(BusinessLicence), "company")
	for _, f := range []Field{FieldContactEmail, FieldContact, "documents.business_licence", FieldUSCC, FieldBankName, "company"} {
		assert.True(t, cs.Open(f), f)
	}
	for _, f := range []Field{FieldName, FieldIdentity, FieldContactPhone, "documents.id_card_front", "documents.authorization_letter"} {
		assert.False(t, cs.Open(f), f)
	}
}

// TestCorrectionsStayOpenOnceDone: a field that was corrected may be corrected once more before submission.
func TestCorrectionsStayOpenOnceDone(t *testing.T) {
	t.Parallel()
	cs := correct(FieldName)
	cs.Mark(FieldName)
	assert.False(t, cs.Left())
	assert.True(t, cs.Open(FieldName))
	assert.False(t, cs.Open(FieldContactEmail))
}

func TestMarkingCorrections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		named  []Field
		marked []Field
		left   bool
	}{
		"nothing done":                {[]Field{FieldName, FieldIdentity}, nil, true},
		"one of two":                  {[]Field{FieldName, FieldIdentity}, []Field{FieldName}, true},
		"both":                        {[]Field{FieldName, FieldIdentity}, []Field{FieldIdentity, FieldName}, false},
		"something else":              {[]Field{FieldName}, []Field{FieldContactName}, true},
		"a whole by its part":         {[]Field{FieldContact}, []Field{FieldContactEmail}, false},
		"a part by its whole":         {[]Field{FieldContactEmail}, []Field{FieldContact}, false},
		"all parts by their whole":    {[]Field{FieldUSCC, FieldBankName}, []Field{"company"}, false},
		"a part is not its neighbour": {[]Field{FieldUSCC}, []Field{FieldBankName}, true},
		"one field with two reasons":  {[]Field{FieldUSCC, FieldUSCC}, []Field{FieldUSCC}, false},
		"marked twice":                {[]Field{FieldName, FieldIdentity}, []Field{FieldName, FieldName}, true},
	} {
		cs := correct(c.named...)
		for _, f := range c.marked {
			cs.Mark(f)
		}
		assert.Equal(t, c.left, cs.Left(), name)
	}
}
