package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

func TestClearingFacts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   ClearingFacts
		want Facts
	}{
		"a person's own":             {ClearingFacts{Kind: Individual, Approvals: Approvals{By: []string{"a"}}}, Facts{}},
		"nobody has approved":        {ClearingFacts{Kind: Individual}, Facts{SecondReview: true}},
		"it is bound no more":        {ClearingFacts{Kind: Individual, Gone: true, Approvals: Approvals{By: []string{"a"}}}, Facts{NothingBound: true}},
		"by letter, once approved":   {ClearingFacts{Kind: Enterprise, Approvals: Approvals{ByLetter: true, By: []string{"a"}}}, Facts{SecondReview: true, ObjectionOwed: true}},
		"by letter, twice":           {ClearingFacts{Kind: Enterprise, Approvals: Approvals{ByLetter: true, By: []string{"a", "b"}}}, Facts{ObjectionOwed: true}},
		"by letter, the holder told": {ClearingFacts{Kind: Enterprise, Asked: true, Approvals: Approvals{ByLetter: true, By: []string{"a", "b"}}}, Facts{}},
		"contested, of nobody":       {ClearingFacts{Approvals: Approvals{Contested: true, By: []string{"a", "b"}}}, Facts{NothingBound: true, ObjectionOwed: true, ContestedByName: true}},
	} {
		assert.Equal(t, c.want, c.of.Facts(), name)
	}
}

func TestWhichConditionsAreNeeded(t *testing.T) {
	t.Parallel()
	all := Conditions{{Code: HolderRequest}, {Code: NotFrozen}, {Code: ZeroBalance}}
	for name, c := range map[string]struct {
		of           ClearingFacts
		open, needed int
	}{
		"a person's own":     {ClearingFacts{Kind: Individual}, 3, 3},
		"a company's holder": {ClearingFacts{Kind: Enterprise}, 2, 3},
		"by letter":          {ClearingFacts{Kind: Enterprise, Approvals: Approvals{ByLetter: true}}, 2, 2},
		"contested":          {ClearingFacts{Approvals: Approvals{Contested: true}}, 1, 1},
	} {
		assert.Len(t, c.of.NeededToOpen(all), c.open, name)
		assert.Len(t, c.of.Needed(all), c.needed, name)
	}
	assert.Empty(t, ClearingFacts{Approvals: Approvals{Contested: true}}.Needed(nil), "never judged")
}
