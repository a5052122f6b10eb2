package notice

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMoment(t *testing.T) {
	t.Parallel()
	for at, want := range map[string][2]string{
		"2026-10-11T00:00:00+08:00": {"2026年10月10日 24:00", "24:00 on 10 Oct 2026"},
		"2026-12-31T16:00:00Z":      {"2026年12月31日 24:00", "24:00 on 31 Dec 2026"},
		"2026-03-01T09:05:59+08:00": {"2026年3月1日 09:05", "09:05 on 1 Mar 2026"},
		"2026-02-28T20:00:00-05:00": {"2026年3月1日 09:00", "09:00 on 1 Mar 2026"},
	} {
		parsed, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		assert.Equal(t, want[0], moment(zhCN, parsed), at)
		assert.Equal(t, want[1], moment(en, parsed), at)
	}
}

func TestProvisionalDeadlineIsSaidInMailOnly(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, time.October, 11, 0, 0, 0, 0, beijing)
	m, err := Render(MoneyArrived, en, Data{Deadline: &at, DeadlineProvisional: true})
	require.NoError(t, err)
	assert.Contains(t, m.Text, "provisional")
	assert.Equal(t, "24:00 on 10 Oct 2027", m.SMSParams["deadline"])

	m, err = Render(MoneyArrived, zhCN, Data{Deadline: &at})
	require.NoError(t, err)
	assert.NotContains(t, m.Text, "暂定")
}
