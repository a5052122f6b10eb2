package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

// TestWhoMayDecideAClearing goes through every stage of a submission: who may decide next, and how many more must approve.
func TestWhoMayDecideAClearing(t *testing.T) {
	t.Parallel()
	contested, letter := Approvals{Contested: true}, Approvals{ByLetter: true}
	after := func(a Approvals, earlier int, by ...string) Approvals { a.By, a.Earlier = by, earlier; return a }
	objected := func(a Approvals) Approvals { a.Objected = true; return a }
	unreachable := func(a Approvals) Approvals { a.Unreachable = true; return a }
	for name, c := range map[string]struct {
		so       Approvals
		may, not []string
		owed     int
	}{
		"by the holder":                      {Approvals{}, []string{"a", "b"}, nil, 1},
		"by the holder, approved":            {after(Approvals{}, 0, "a"), []string{"b"}, []string{"a"}, 0},
		"contested":                          {contested, []string{"a", "b", "c"}, nil, 2},
		"contested, once approved":           {after(contested, 0, "a"), []string{"b", "c"}, []string{"a"}, 1},
		"contested, twice approved":          {after(contested, 0, "a", "b"), []string{"c"}, []string{"a", "b"}, 0},
		"by letter":                          {letter, []string{"a", "b"}, nil, 2},
		"by letter, once approved":           {after(letter, 0, "a"), []string{"b"}, []string{"a"}, 1},
		"objected to":                        {objected(after(contested, 2, "a", "b")), []string{"c", "d"}, []string{"a", "b"}, 1},
		"objected to, the third approved":    {objected(after(contested, 2, "a", "b", "c")), []string{"d"}, []string{"a", "b", "c"}, 0},
		"unreachable":                        {unreachable(after(contested, 2, "a", "b")), []string{"a", "b", "c"}, nil, 2},
		"unreachable, an earlier one first":  {unreachable(after(contested, 2, "a", "b", "a")), []string{"c"}, []string{"a", "b"}, 1},
		"unreachable, a new one first":       {unreachable(after(contested, 2, "a", "b", "c")), []string{"a", "b", "d"}, []string{"c"}, 1},
		"unreachable, by letter":             {unreachable(after(letter, 2, "a", "b")), []string{"a", "b", "c"}, nil, 2},
		"unreachable, by letter, once again": {unreachable(after(letter, 2, "a", "b", "b")), []string{"a", "c"}, []string{"b"}, 1},
	} {
		for _, who := range c.may {
			assert.True(t, c.so.MayDecide(who), "%s: %s", name, who)
		}
		for _, who := range c.not {
			assert.False(t, c.so.MayDecide(who), "%s: %s", name, who)
		}
		assert.Equal(t, c.owed, c.so.Owed(), name)
	}
	assert.Equal(t, []string{"a", "b", "c"}, unreachable(after(contested, 2, "a", "b", "a", "c")).Names())
	assert.Equal(t, []string{}, Approvals{}.Names())
}
