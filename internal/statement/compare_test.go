package statement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/statement"
)

const day = statement.Day("2026-11-26")

// at is a time of the day, or of the next one from 24:00 on.
func at(hour, minute int) time.Time {
	return day.Start().Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// paid is a payment of ours that the bank has taken at a time, and settled.
func paid(id string, accepted time.Time) statement.Payment {
	ordered, fen := accepted.Add(-time.Second), int64(37)
	return statement.Payment{
		ID: "pay_" + id, RegistrationID: "reg_" + id, AccountID: "acct-" + id, Key: "shm_" + id, Last4: "6789", AmountFen: &fen,
		BankState: "settled", OrderedAt: &ordered, AcceptedAt: &accepted,
	}
}

// stated is the entry that the bank's statement should have of a payment.
func stated(p statement.Payment) bank.StatementEntry {
	return bank.StatementEntry{
		Key: p.Key, AmountFen: *p.AmountFen, AccountLast4: p.Last4, State: bank.TransferState(p.BankState), Reference: "R-" + p.Key, At: *p.AcceptedAt,
	}
}

// changed is a copy of a value with something changed.
func changed[T any](v T, change func(*T)) T {
	change(&v)
	return v
}

// whole is a statement that the bank was asked for when its day was over.
func whole(of statement.Day, entries ...bank.StatementEntry) statement.Statement {
	return statement.Statement{Entries: entries, At: of.End().Add(10 * time.Minute)}
}

// soFar is one that was asked for at a time.
func soFar(asked time.Time, entries ...bank.StatementEntry) statement.Statement {
	return statement.Statement{Entries: entries, At: asked}
}

// found are the kinds and subjects of what a comparison found.
func found(c statement.Comparison) []string {
	all := []string{}
	for _, d := range c.Differences {
		all = append(all, strings.TrimPrefix(string(d.Kind), "statement_")+" "+d.Subject)
	}
	return all
}

func TestCompare(t *testing.T) {
	t.Parallel()
	noon, late := paid("noon", at(12, 0)), paid("late", at(23, 59))
	e, edge := stated(noon), stated(late)
	before, after := day.Add(-1), day.Add(1)
	returned := changed(noon, func(p *statement.Payment) { p.BankState = "returned" })
	seenOn := func(other statement.Day) statement.Payment {
		return changed(noon, func(p *statement.Payment) {
			p.Seen = []statement.Sighting{{PaymentID: p.ID, Day: other, Reference: "R0"}}
		})
	}
	tests := map[string]struct {
		statements statement.Statements
		payments   []statement.Payment
		want       []string
		waiting    int
	}{
		"all is well":            {statement.Statements{day: whole(day, e)}, []statement.Payment{noon}, nil, 0},
		"nothing on either side": {statement.Statements{day: whole(day)}, nil, nil, 0},
		"a key that is nobody's": {statement.Statements{day: whole(day, e)}, nil, []string{"unknown shm_noon"}, 0},
		"money that went out past us has the bank's name alone": {
			statement.Statements{day: whole(day, changed(e, func(e *bank.StatementEntry) { e.Key = "" }))}, nil, []string{"unknown R-shm_noon"}, 0,
		},
		"the bank has it not":                              {statement.Statements{before: whole(before), day: whole(day), after: soFar(at(24, 10))}, []statement.Payment{noon}, []string{"missing pay_noon"}, 0},
		"what we hold for returned leaves nothing to miss": {statement.Statements{day: whole(day)}, []statement.Payment{returned}, nil, 0},
		"a day that is not over has it perhaps later":      {statement.Statements{day: soFar(at(13, 0))}, []statement.Payment{noon}, nil, 1},
		"what was taken at the end may stand on the next day's": {
			statement.Statements{day: whole(day), after: soFar(at(24, 10))}, []statement.Payment{late}, nil, 1,
		},
		"which must be over before it is missing": {
			statement.Statements{day: whole(day), after: whole(after)}, []statement.Payment{late}, []string{"missing pay_late"}, 0,
		},
		"and which has it":  {statement.Statements{day: whole(day), after: soFar(at(24, 10), edge)}, []statement.Payment{late}, nil, 0},
		"or the day before": {statement.Statements{before: whole(before, e), day: whole(day)}, []statement.Payment{noon}, nil, 0},
		"the bank never took what it refused": {
			statement.Statements{day: whole(day)},
			[]statement.Payment{changed(noon, func(p *statement.Payment) { p.BankState = "failed" })},
			nil, 0,
		},
		"another amount": {
			statement.Statements{day: whole(day, changed(e, func(e *bank.StatementEntry) { e.AmountFen++ }))}, []statement.Payment{noon}, []string{"differs pay_noon"}, 0,
		},
		"an amount that was erased is compared with nothing": {
			statement.Statements{day: whole(day, e)}, []statement.Payment{changed(noon, func(p *statement.Payment) { p.AmountFen = nil })}, nil, 0,
		},
		"another account": {
			statement.Statements{day: whole(day, changed(e, func(e *bank.StatementEntry) { e.AccountLast4 = "0001" }))}, []statement.Payment{noon}, []string{"differs pay_noon"}, 0,
		},
		"another state": {
			statement.Statements{day: whole(day, changed(e, func(e *bank.StatementEntry) { e.State = bank.TransferSent }))}, []statement.Payment{noon}, []string{"differs pay_noon"}, 0,
		},
		"paid though it was refused": {
			statement.Statements{day: whole(day, e)}, []statement.Payment{changed(noon, func(p *statement.Payment) { p.BankState = "failed" })}, []string{"differs pay_noon"}, 0,
		},
		"the key twice on a day": {
			statement.Statements{day: whole(day, e, changed(e, func(e *bank.StatementEntry) { e.Reference = "R2" }))}, []statement.Payment{noon}, []string{"double pay_noon"}, 0,
		},
		"the very same line twice on a day": {statement.Statements{day: whole(day, e, e)}, []statement.Payment{noon}, []string{"double pay_noon"}, 0},
		"the key again on the next day": {
			statement.Statements{day: whole(day, e), after: whole(after, changed(e, func(e *bank.StatementEntry) { e.Reference, e.At = "R2", at(30, 0) }))},
			[]statement.Payment{noon},
			nil, 0,
		},
		"which is the later day's to find": {
			statement.Statements{before: whole(before, changed(e, func(e *bank.StatementEntry) { e.Reference, e.At = "R0", at(-5, 0) })), day: whole(day, e)},
			[]statement.Payment{noon},
			[]string{"double pay_noon"},
			0,
		},
		"the key again a week later": {
			statement.Statements{day: whole(day, e)}, []statement.Payment{seenOn(day.Add(-7))}, []string{"double pay_noon"}, 0,
		},
		"which the first day leaves to the later one": {
			statement.Statements{day: whole(day, e)}, []statement.Payment{seenOn(day.Add(7))}, nil, 0,
		},
		"what a statement at hand has no more was mended": {
			statement.Statements{before: whole(before), day: whole(day, e)}, []statement.Payment{seenOn(before)}, nil, 0,
		},
		"what was booked a week late": {
			statement.Statements{day: whole(day), after: whole(after)}, []statement.Payment{seenOn(day.Add(7))}, nil, 0,
		},
		"one transfer that two days' statements have is one": {
			statement.Statements{day: whole(day, edge), after: whole(after, edge)}, []statement.Payment{late}, nil, 0,
		},
		"the same amount to the same account under another key": {
			statement.Statements{day: whole(day, e, changed(e, func(e *bank.StatementEntry) { e.Key, e.Reference = "shm_other", "R2" }))},
			[]statement.Payment{noon},
			[]string{"double pay_noon"},
			0,
		},
		"which is nobody's if the payment itself is not there": {
			statement.Statements{day: whole(day, changed(e, func(e *bank.StatementEntry) { e.Key = "shm_other" }))},
			[]statement.Payment{noon},
			[]string{"missing pay_noon", "unknown shm_other"},
			0,
		},
		"money that came back in time": {
			statement.Statements{day: whole(day, stated(returned))}, []statement.Payment{returned}, nil, 0,
		},
		"money that came back too late": {
			statement.Statements{day: whole(day, stated(returned))},
			[]statement.Payment{changed(returned, func(p *statement.Payment) { p.ReturnedLate = true })},
			[]string{"returned_late pay_noon"},
			0,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := statement.Compare(day, test.statements, test.payments)
			assert.ElementsMatch(t, test.want, found(c))
			assert.Equal(t, test.waiting, c.Waiting)
			for _, d := range c.Differences {
				assert.NotContains(t, d.Tried, "37", "no amount")
				assert.NotContains(t, d.Tried, "38", "no amount")
				assert.NotEmpty(t, d.Facts)
			}
		})
	}
}

// What is nobody's secret is summed; what the applicant has still to enter is counted.
func TestSumsTellNoSecret(t *testing.T) {
	t.Parallel()
	spent := paid("spent", at(9, 0))
	back := changed(paid("back", at(10, 0)), func(p *statement.Payment) { p.BankState, p.AmountFen = "returned", new(int64(50)) })
	secret := changed(paid("secret", at(11, 0)), func(p *statement.Payment) { p.Secret, p.AmountFen = true, new(int64(99)) })
	stranger := changed(stated(paid("stranger", at(12, 0))), func(e *bank.StatementEntry) { e.AmountFen = 98 })
	c := statement.Compare(day, statement.Statements{day: whole(day, stated(spent), stated(back), stated(secret), stranger)}, []statement.Payment{spent, back, secret})
	assert.Equal(t, []int{4, 3, 1}, []int{c.Entries, c.Matched, c.Withheld})
	assert.Equal(t, []int64{87, 50}, []int64{c.OutFen, c.BackFen})
	assert.True(t, c.Whole)
}

// The facts tell whether a difference is the one that was seen to; what ops does not judge by leaves them alone.
func TestFactsChangeWithWhatIsJudged(t *testing.T) {
	t.Parallel()
	p := paid("noon", at(12, 0))
	e := stated(p)
	facts := func(e bank.StatementEntry, payments ...statement.Payment) string {
		c := statement.Compare(day, statement.Statements{day: whole(day, e)}, payments)
		require.Len(t, c.Differences, 1)
		return c.Differences[0].Facts
	}
	unknown := facts(e)
	assert.Equal(t, unknown, facts(changed(e, func(e *bank.StatementEntry) { e.State = bank.TransferSent })), "it settles in its time")
	assert.NotEqual(t, unknown, facts(changed(e, func(e *bank.StatementEntry) { e.State = bank.TransferReturned })))
	assert.NotEqual(t, unknown, facts(changed(e, func(e *bank.StatementEntry) { e.AmountFen++ })))
	more := facts(changed(e, func(e *bank.StatementEntry) { e.AmountFen = 38 }), p)
	assert.NotEqual(t, more, facts(changed(e, func(e *bank.StatementEntry) { e.AmountFen = 39 }), p))
}

// A key is the bank's word, and anybody may have typed it in: what does not look like one becomes a hash.
func TestAKeyThatIsNoKeyIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"张三 付款", "a\x00b", strings.Repeat("k", 129), "13800138000", "+86-138-0013-8000", "11010519491231002X", "110105194912310021", "6222021234567890123",
	} {
		e := changed(stated(paid("noon", at(12, 0))), func(e *bank.StatementEntry) { e.Key = key })
		c := statement.Compare(day, statement.Statements{day: whole(day, e)}, nil)
		require.Len(t, c.Differences, 1)
		assert.Regexp(t, `^unreadable-[0-9a-f]{16}$`, c.Differences[0].Subject)
		assert.NotContains(t, c.Differences[0].Tried, key)
	}
}

func TestAKeyIsShownAsItIs(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"shm_k3v5m2q7w4x6y2z7a5b3c4d5e6", "20260930000123456", "2026-09-30-000123456", "PAY13800138000", "1234567890"} {
		e := changed(stated(paid("noon", at(12, 0))), func(e *bank.StatementEntry) { e.Key = key })
		c := statement.Compare(day, statement.Statements{day: whole(day, e)}, nil)
		require.Len(t, c.Differences, 1)
		assert.Equal(t, key, c.Differences[0].Subject)
	}
}

// What a day's comparison saw is that day's own: what the day before has too is the day before's.
func TestSightingsAreOfTheDay(t *testing.T) {
	t.Parallel()
	noon, late, early := paid("noon", at(12, 0)), paid("late", at(-1, 59)), paid("early", at(1, 0))
	c := statement.Compare(day, statement.Statements{
		day.Add(-1): whole(day.Add(-1), stated(late)), day: whole(day, stated(late), stated(noon), changed(stated(early), func(e *bank.StatementEntry) { e.Reference = "" })),
	}, []statement.Payment{early, late, noon})
	assert.Equal(t, []statement.Sighting{{"pay_noon", day, "R-shm_noon"}, {"pay_early", day, ""}}, c.Sightings)
}

func TestStale(t *testing.T) {
	t.Parallel()
	p := paid("noon", at(12, 0))
	older := changed(p, func(p *statement.Payment) { p.BankState = "sent" })
	statements := statement.Statements{day: whole(day, stated(p)), day.Add(1): whole(day.Add(1), stated(paid("next", at(30, 0))))}
	assert.Empty(t, statement.Stale(day, statements, []statement.Payment{p}))
	assert.Equal(t, []statement.Payment{older}, statement.Stale(day, statements, []statement.Payment{older}))
	sent := changed(stated(p), func(e *bank.StatementEntry) { e.State, e.Reference = bank.TransferSent, "R2" })
	statements[day] = whole(day, stated(p), sent)
	assert.Equal(t, []statement.Payment{older}, statement.Stale(day, statements, []statement.Payment{older}), "any of its transfers counts")
}

// A payment whose answer was lost may have been taken days before we learned of it, but not before [statement.Lookback].
func TestNeedsTheDaysSinceTheOrder(t *testing.T) {
	t.Parallel()
	p := paid("noon", at(12, 0))
	assert.Equal(t, []statement.Day{"2026-11-25", "2026-11-27"}, statement.Needs(day, []statement.Payment{p}))
	p.OrderedAt = new(at(-49, 0))
	assert.Equal(t, []statement.Day{"2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"}, statement.Needs(day, []statement.Payment{p}))
	p.OrderedAt = new(at(-24*100, 0))
	assert.Len(t, statement.Needs(day, []statement.Payment{p}), statement.Lookback+1)
	p.AcceptedAt = new(at(24, 0))
	assert.Equal(t, []statement.Day{"2026-11-25", "2026-11-27"}, statement.Needs(day, []statement.Payment{p}), "it is the next day's")
}

func TestDaysAreShanghais(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 25, 16, 0, 0, 0, time.UTC)
	assert.Equal(t, day, statement.DayOf(start))
	assert.Equal(t, day.Add(-1), statement.DayOf(start.Add(-time.Nanosecond)))
	assert.True(t, day.Start().Equal(start))
	assert.Equal(t, 24*time.Hour, day.End().Sub(day.Start()))
	assert.Equal(t, statement.Day("2026-12-01"), day.Add(5))
	for _, bad := range []string{"", "2026-11-31", "26-11-26", "2026-11-26 ", "yesterday"} {
		_, err := statement.ParseDay(bad)
		assert.Error(t, err, bad)
	}
	assert.True(t, statement.Day("").Start().IsZero())
}
