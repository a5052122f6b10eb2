package clearing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/clearing"
	"shiming/internal/wallet"
	"shiming/internal/workday"
	"shiming/registration"
)

var beijing = time.FixedZone("CST", 8*60*60)

// now is the day of every test that does not say otherwise.
var now = time.Date(2026, time.November, 23, 10, 0, 0, 0, beijing)

// clean are the facts of an account that can be cleared.
func clean() wallet.Facts {
	return wallet.Facts{OpenedAt: now.AddDate(-2, 0, 0), Activated: true}
}

func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

func realCalendar(t *testing.T) workday.Calendar {
	t.Helper()
	cal, err := workday.New()
	require.NoError(t, err)
	return cal
}

func allCodes() []registration.ConditionCode {
	return []registration.ConditionCode{
		registration.HolderRequest, registration.NotFrozen, registration.AccountAge, registration.CardsUnbound,
		registration.ZeroBalance, registration.NoRefundable, registration.NoFundsInTransit,
	}
}

// TestConditions has one row a way to fail: it fails its own condition, and no other.
func TestConditions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		facts      func(*wallet.Facts)
		holder     *bool
		unmet      registration.ConditionCode // empty: all are met
		eligibleAt time.Time                  // zero: time does not cure it
		en         string
	}{
		{name: "clean", en: "No bank card is bound."},
		{name: "nobody compared", holder: nil},
		{name: "another's data", holder: new(false), unmet: registration.HolderRequest, en: "only its holder can have it cleared"},
		{name: "frozen now", facts: func(f *wallet.Facts) { f.Frozen, f.LastFrozenAt = true, new(ago(400)) }, unmet: registration.NotFrozen, en: "is frozen"},
		{
			name: "frozen lately", facts: func(f *wallet.Facts) { f.LastFrozenAt = new(ago(10)) },
			unmet: registration.NotFrozen, eligibleAt: time.Date(2027, time.May, 13, 10, 0, 0, 0, beijing), en: "Last frozen on 13 Nov 2026; half a year must pass, until 10:00 on 13 May 2027.",
		},
		{name: "frozen half a year ago to the minute", facts: func(f *wallet.Facts) { f.LastFrozenAt = new(now.AddDate(0, -6, 0)) }},
		{
			name: "frozen a minute less", facts: func(f *wallet.Facts) { f.LastFrozenAt = new(now.AddDate(0, -6, 0).Add(time.Minute)) },
			unmet: registration.NotFrozen, eligibleAt: now.Add(time.Minute),
		},
		{
			name: "frozen on the 31st, due in a month without one", facts: func(f *wallet.Facts) { f.LastFrozenAt = new(time.Date(2026, time.August, 31, 8, 0, 0, 0, beijing)) },
			unmet: registration.NotFrozen, eligibleAt: time.Date(2027, time.February, 28, 8, 0, 0, 0, beijing),
		},
		{
			name: "young", facts: func(f *wallet.Facts) { f.OpenedAt = ago(10) },
			unmet: registration.AccountAge, eligibleAt: now.AddDate(0, 0, 20), en: "Opened on 13 Nov 2026; it must be older than 30 days, from 10:00 on 13 Dec 2026.",
		},
		{name: "30 days old", facts: func(f *wallet.Facts) { f.OpenedAt = ago(30) }},
		{name: "a second younger", facts: func(f *wallet.Facts) { f.OpenedAt = ago(30).Add(time.Second) }, unmet: registration.AccountAge, eligibleAt: now.Add(time.Second)},
		{name: "never activated", facts: func(f *wallet.Facts) { f.Activated = false }, unmet: registration.AccountAge, en: "not activated"},
		{name: "young and not activated: time alone does not do", facts: func(f *wallet.Facts) { f.Activated, f.OpenedAt = false, ago(3) }, unmet: registration.AccountAge},
		{name: "one card", facts: func(f *wallet.Facts) { f.CardsLast4 = []string{"1234"} }, unmet: registration.CardsUnbound, en: "1 card bound: ending 1234; unbind it in the wallet."},
		{name: "two cards", facts: func(f *wallet.Facts) { f.CardsLast4 = []string{"1234", "8888"} }, unmet: registration.CardsUnbound, en: "2 cards bound: ending 1234, 8888; unbind them in the wallet."},
		{name: "a fen", facts: func(f *wallet.Facts) { f.BalanceFen = 1 }, unmet: registration.ZeroBalance, en: "Balance 0.01 CNY; withdraw it in the wallet."},
		{name: "money", facts: func(f *wallet.Facts) { f.BalanceFen = 1234 }, unmet: registration.ZeroBalance, en: "12.34 CNY"},
		{
			name: "refundable", facts: func(f *wallet.Facts) { f.Refundable = []time.Time{ago(3)} },
			unmet: registration.NoRefundable, eligibleAt: now.AddDate(0, 0, 27), en: "1 refundable transaction, on 20 Nov 2026; 30 days must pass",
		},
		{
			name: "two refundable and one that is too old", facts: func(f *wallet.Facts) { f.Refundable = []time.Time{ago(40), ago(3), ago(20)} },
			unmet: registration.NoRefundable, eligibleAt: now.AddDate(0, 0, 27), en: "2 refundable transactions, the last on 20 Nov 2026",
		},
		{name: "refundable 30 days ago", facts: func(f *wallet.Facts) { f.Refundable = []time.Time{ago(30)} }},
		{name: "a withdrawal", facts: func(f *wallet.Facts) { f.WithdrawalsInTransit = 1 }, unmet: registration.NoFundsInTransit, en: "Still under way: 1 withdrawal; wait"},
		{name: "a transfer", facts: func(f *wallet.Facts) { f.TransfersInTransit = 2 }, unmet: registration.NoFundsInTransit, en: "2 transfers to unverified accounts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			facts := clean()
			if tc.facts != nil {
				tc.facts(&facts)
			}
			got := clearing.Judge(facts, realCalendar(t), clearing.Asked{Holder: tc.holder, At: now, Locale: registration.English})
			require.Len(t, got, len(allCodes()))
			var texts string
			for i, c := range got {
				assert.Equal(t, allCodes()[i], c.Code)
				assert.NotEmpty(t, c.Evidence, c.Code)
				texts += c.Evidence
				if c.Code == registration.HolderRequest && tc.holder == nil {
					assert.Nil(t, c.Met)
					continue
				}
				require.NotNil(t, c.Met, c.Code)
				assert.Equal(t, c.Code != tc.unmet, *c.Met, c.Code)
				if c.Code == tc.unmet && !tc.eligibleAt.IsZero() {
					require.NotNil(t, c.EligibleAt)
					assert.True(t, tc.eligibleAt.Equal(*c.EligibleAt), "%s", c.EligibleAt)
				} else {
					assert.Nil(t, c.EligibleAt, c.Code)
				}
			}
			assert.Contains(t, texts, tc.en)
		})
	}
}

func TestSeveralConditionsAtOnce(t *testing.T) {
	t.Parallel()
	facts := clean()
	facts.OpenedAt, facts.Refundable = ago(10), []time.Time{ago(3)}
	got := clearing.Judge(facts, realCalendar(t), clearing.Asked{Holder: new(true), At: now})
	at, timeCures := got.EligibleAt()
	assert.True(t, timeCures)
	assert.True(t, now.AddDate(0, 0, 27).Equal(at), "the later of the two")

	facts.CardsLast4 = []string{"8888"}
	_, timeCures = clearing.Judge(facts, realCalendar(t), clearing.Asked{Holder: new(true), At: now}).EligibleAt()
	assert.False(t, timeCures)
}

// TestCompressedDays counts the same rules in days of 5 seconds: half a year is 183 of them.
func TestCompressedDays(t *testing.T) {
	t.Parallel()
	const day = 5 * time.Second
	cal := workday.NewCompressed(day, now.Add(-time.Hour))
	facts := wallet.Facts{OpenedAt: now.Add(-10 * day), Activated: true, LastFrozenAt: new(now.Add(-10 * day)), Refundable: []time.Time{now.Add(-3 * day)}}
	want := map[registration.ConditionCode]time.Time{
		registration.NotFrozen:    now.Add(173 * day),
		registration.AccountAge:   now.Add(20 * day),
		registration.NoRefundable: now.Add(27 * day),
	}
	for _, c := range clearing.Judge(facts, cal, clearing.Asked{Holder: new(true), At: now}) {
		at, unmet := want[c.Code]
		assert.Equal(t, unmet, c.Unmet(), c.Code)
		if unmet {
			assert.True(t, at.Equal(*c.EligibleAt), "%s: %s", c.Code, c.EligibleAt)
		}
	}
	for _, c := range clearing.Judge(facts, cal, clearing.Asked{Holder: new(true), At: now.Add(173 * day)}) {
		assert.False(t, c.Unmet(), c.Code)
	}
}

// TestAskedForACompany: whoever is not the holder is told what makes the request theirs.
func TestAskedForACompany(t *testing.T) {
	t.Parallel()
	says := func(holder *bool, locale registration.Locale) registration.Condition {
		return clearing.Judge(clean(), realCalendar(t), clearing.Asked{Holder: holder, Company: true, At: now, Locale: locale})[0]
	}
	other := says(new(false), registration.English)
	assert.True(t, other.Unmet())
	assert.Contains(t, other.Evidence, "letter of authorisation")
	assert.Contains(t, says(new(false), registration.Chinese).Evidence, "授权书")
	assert.False(t, says(new(true), registration.English).Unmet())
	assert.Nil(t, says(nil, registration.English).Met)
}

func TestInChinese(t *testing.T) {
	t.Parallel()
	facts := wallet.Facts{
		OpenedAt: ago(10), Activated: true, LastFrozenAt: new(ago(10)), CardsLast4: []string{"1234", "8888"}, BalanceFen: 1234,
		Refundable: []time.Time{ago(3)}, WithdrawalsInTransit: 1, TransfersInTransit: 1,
	}
	var texts []string
	for _, c := range clearing.Judge(facts, realCalendar(t), clearing.Asked{Holder: new(false), At: now, Locale: registration.Chinese}) {
		texts = append(texts, c.Evidence)
	}
	assert.Equal(t, []string{
		"姓名或身份证号与已认证的身份不一致，只接受身份证持有人本人的申请。",
		"最近一次冻结于2026年11月13日，须满半年，即2027年5月13日 10:00之后。",
		"支付账户注册于2026年11月13日，须超过30天，即2026年12月13日 10:00之后。",
		"已绑定2张银行卡，尾号1234、8888，请在支付账户中解绑。",
		"账户余额12.34元，请先提现。",
		"近30天内有1笔可退款的交易，最近一笔在2026年11月20日，须满30天，即2026年12月20日 10:00之后。",
		"有在途资金：1笔提现、1笔转账给未实名账户，请等待到账。",
	}, texts)
}
