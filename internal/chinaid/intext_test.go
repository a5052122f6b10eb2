package chinaid

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers that name a person or an account are found, however they are written.
func TestNumbersAreFoundInText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Kind{
		// resident IDs
		"证件号 110101199003077758 看不清":             KindResidentID,
		"11010519491231002X":                     KindResidentID,
		"身份证11010519491231002x号码不符":              KindResidentID,
		"1101 0519 4912 3100 2X":                 KindResidentID,
		"110105-19491231-002X":                   KindResidentID,
		"110105 19491231 0021 is not his":        KindResidentID, // mistyped, but grouped as one
		"１１０１０５１９４９１２３１００２Ｘ":                     KindResidentID,
		"11010519491231002×":                     KindResidentID,
		"1101051949\u200b1231002\u200dX":         KindResidentID,
		"1.1.0.1.0.5.1.9.4.9.1.2.3.1.0.0.2.X":    KindResidentID,
		"一一零一零五一九四九一二三一零零二X":                     KindResidentID,
		"hers was 2026-11-27 110101199003077758": KindResidentID,
		"110105491231002":                        KindResidentID, // fifteen digits
		"110105 491231 002":                      KindResidentID,
		"ID:110101199003077758,ok":               KindResidentID,
		"id110101199003077758abc":                KindResidentID,
		// phones
		"call 13800138000":      KindPhone,
		"138 0013 8000":         KindPhone,
		"138-0013-8000":         KindPhone,
		"138.0013.8000":         KindPhone,
		"138_0013_8000":         KindPhone,
		"1 3 8 0 0 1 3 8 0 0 0": KindPhone,
		"+86 138 0013 8000":     KindPhone,
		"+8613800138000":        KindPhone,
		"8613800138000":         KindPhone,
		"0086-13800138000":      KindPhone,
		"(+86)19912345678":      KindPhone,
		"一三八零零一三八零零零":           KindPhone,
		"幺三八〇〇幺三八〇〇〇":           KindPhone,
		"电话１３８ ００１３ ８０００，请回电": KindPhone,
		"①③⑧00138000":             KindPhone,
		"١٣٨٠٠١٣٨٠٠٠":             KindPhone,
		"13800138000@139.com":     KindPhone,
		"tel13800138000":          KindPhone,
		"138 - 0013 - 8000":       KindPhone,
		"2026-11-27 13800138000":  KindPhone,
		"13800138000 2026年11月27日": KindPhone,
		"(0592) 1234567":          KindPhone,
		"010-12345678":            KindPhone,
		"0592 123 4567":           KindPhone,
		"+1 415 555 0100":         KindPhone,
		"1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣": KindPhone,
		// cards
		"6222 0212 3456 7890 128":         KindCard,
		"622202-1234567890128":            KindCard,
		"4111 1111 1111 1111":             KindCard,
		"4111111111111111":                KindCard,
		"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1": KindCard,
		// accounts
		"622500001234":                     KindBankAccount,
		"account 3510 0123 4567 is closed": KindBankAccount,
		"账号 1234567890":                    KindBankAccount,
		"40340001040012345":                KindBankAccount,
		"开户行行号 102100099996":               KindBankAccount,
		"12345678901234567890123":          KindBankAccount,
		"the other is 4034-0001-0400":      KindBankAccount,
	} {
		got, found := NumberIn(text)
		if assert.True(t, found, text) {
			assert.Equal(t, want, got, text)
		}
	}
}

// What reviewers and ops truly write holds none.
func TestTextsWithoutNumbersPass(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "The number cannot be read; scan it again.", "印章看不清，请重新扫描。", "请在2026年11月27日前重新上传。", "by 2026-11-27", "2026/11/27 10:30:00", "20261127",
		"between 2026-11-27 and 2026-12-01", "from 20261127 to 20261201", "20261127 20261201 20270105", "27.11.2026", "on 27/11/2026 at 09:15",
		"expired on 2024-12-31 2025-01-01 2026-02-03", "at 2026-11-27T10:30:00+08:00", "202611271030", "20261127103000", "2024 2025 2026", "2023-2024-2025",
		"二〇二六年十一月二十七日", "0.37", "0.37 0.38 0.39 0.40 0.41 0.42", "the amount is 12,345.67", "¥1,234,567.89", "注册资本 100000000 元", "12,345,678",
		"entered 0.01, 0.02 and 0.03 on 2026-11-27", "91350211M000100Y43", "USCC 91350211M000100Y43 differs", "91350200MA31234567", "统一社会信用代码 913502007821234567",
		"the code 12345678-9", "pages 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11", "pages 1 3 5 7 9 11 13 15", "3 of 12 documents", "document 2/3", "95588", "400-810-8888", "4008108888",
		"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6", "see reg_2345672345672345672345672a and pay_7654327654327654327654327b", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"GB 11643-1999", "GB/T 2260-2007", "（2026）闽0203民初12345号", "v1.4.7", "192.168.100.200", "round 3, 2026-09-30 10:00 to 2026-10-11 00:00", "called at 10:30 and 11:45, nobody",
		"The bank confirmed by phone.", "一张照片三份文件", "ticket 4711", "ends in 6789", "****6789", "110***********1234", "a stranger had used up 3 of 3 payments", "第2026-0815号函",
		"三月一日至九月三十日", "100 200 300 400", "15% + 20%", "5.5.5", "12:30-13:00",
	} {
		kind, found := NumberIn(text)
		assert.False(t, found, "%s: %s", text, kind)
	}
}

// A company's own numbers are public, also those of digits alone.
func TestCompanysNumbersPass(t *testing.T) {
	t.Parallel()
	org, err := NewOrganizationCode("78212345")
	require.NoError(t, err)
	code, err := NewUSCC("91350200", org.Value())
	require.NoError(t, err)
	registration := "35020010000123"
	for check := range 10 {
		if n := registration + string(rune('0'+check)); registrationChecks(n) {
			registration = n
			break
		}
	}
	require.Len(t, registration, 15)
	for _, text := range []string{code.Value(), "the licence says " + code.Value() + ".", org.Value(), registration, "注册号" + registration} {
		_, found := NumberIn(text)
		assert.False(t, found, text)
	}
}

// Whoever is born and whatever their mobile: found in every writing.
func TestEveryWritingIsFound(t *testing.T) {
	t.Parallel()
	day := time.Date(1949, 10, 1, 0, 0, 0, 0, time.UTC)
	for i := range 500 {
		id, err := NewResidentID("350203", day.AddDate(0, 0, 37*i), i)
		require.NoError(t, err)
		n := id.Value()
		for _, written := range []string{n, strings.ToLower(n), n[:6] + " " + n[6:14] + " " + n[14:], n[:3] + "-" + n[3:9] + "-" + n[9:]} {
			_, found := NumberIn("see " + written + ", please")
			require.True(t, found, written)
			require.True(t, Identifies(strings.ReplaceAll(written, " ", "_")), written)
		}
	}
}

func TestIdsThatSayWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"110101199003077758", "11010519491231002X", "11010519491231002x", "110105-19491231-002x", "110105_19491231_002X", "acct-110101199003077758", "u110101199003077758", "110101199003077758_1",
		"2026-110101199003077758", "13800138000", "138-0013-8000", "8613800138000", "0086_13800138000", "19912345678",
	} {
		assert.True(t, Identifies(id), id)
	}
	for _, id := range []string{
		"acct-1001", "110101199003077759", "110101199013077758", "12345678901", "11800138000", "20261127103000", "1700000000123", "990000862471854351", "a1b2c3", "reg_k3v5m2q7w4x6y2z7a5b3c4d5e6",
		"138001380001", "1380013800", "018f3a5c-7b1e-7c3d-9f00-123456789abc", "user-42", "-", "_", "91350211M000100Y43", "x",
	} {
		assert.False(t, Identifies(id), id)
	}
}

func FuzzNumberIn(f *testing.F) {
	f.Add("138 0013 8000")
	f.Add("11010519491231002X")
	f.Fuzz(func(_ *testing.T, s string) { NumberIn(s) })
}
