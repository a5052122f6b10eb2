package postgres_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/registration"
)

// patience is how long an attempt in these tests may be alive.
const patience = 30 * time.Second

func patient(notice.Channel) time.Duration { return patience }

// noticeTest is one notice in a database of its own, at a time that the test tells.
type noticeTest struct {
	*postgres.Store
	*clock
	t  *testing.T
	id string

	about string // its registration
}

func newNotice(t *testing.T) *noticeTest {
	t.Helper()
	c := newClock()
	n := &noticeTest{Store: newStore(t).WithClock(c.now), clock: c, t: t, id: "ntc_1"}
	n.about = opened(t, n.Store, "acct-1")
	_, err := n.Pool().Exec(t.Context(), `insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, data, created_at)
		values ($1, $2, 'approved/1', 'approved', 'email', 'registered', 'en', jsonb_build_object('RegistrationID', $2::text, 'AccountID', 'acct-1'), $3)`,
		n.id, n.about, c.now())
	require.NoError(t, err)
	return n
}

// take begins an attempt that must be allowed.
func (n *noticeTest) take() *postgres.Notice {
	n.t.Helper()
	taken, err := n.TakeNotice(n.t.Context(), n.id, patient)
	require.NoError(n.t, err)
	require.NotNil(n.t, taken)
	return taken
}

// refused begins an attempt that must not be allowed.
func (n *noticeTest) refused(why error) {
	n.t.Helper()
	taken, err := n.TakeNotice(n.t.Context(), n.id, patient)
	require.ErrorIs(n.t, err, why)
	require.Nil(n.t, taken)
}

func (n *noticeTest) unknown(taken *postgres.Notice) (failed bool) {
	n.t.Helper()
	failed, err := n.NoticeUnknown(n.t.Context(), taken)
	require.NoError(n.t, err)
	return failed
}

// stands requires the notice's state, and whether ops has a finding about it.
func (n *noticeTest) stands(state string, tries int, found bool) {
	n.t.Helper()
	v, err := n.NoticeOf(n.t.Context(), n.id)
	require.NoError(n.t, err)
	assert.Equal(n.t, state, v.State)
	assert.Equal(n.t, tries, v.UnknownTries)
	assert.Equal(n.t, found, one[bool](n.t, n.Store, `select exists (select from findings where kind = 'message_unsure' and subject = $1 and resolved_at is null)`, n.id))
}

func TestAfterTwoUnknownOutcomesThereIsNoThirdTry(t *testing.T) {
	t.Parallel()
	n := newNotice(t)
	assert.False(t, n.unknown(n.take()))
	n.stands(postgres.NoticeWaiting, 1, false)
	assert.True(t, n.unknown(n.take()))
	n.stands(postgres.NoticeFailed, 2, true)
	n.refused(postgres.ErrNoticeFailed)
}

func TestWhatDidNothingCountsNothing(t *testing.T) {
	t.Parallel()
	n := newNotice(t)
	for range 5 {
		require.NoError(t, n.NoticeUntouched(t.Context(), n.take()))
	}
	n.stands(postgres.NoticeWaiting, 0, false)
}

// The process dies between taking a notice and recording what came of it, twice.
func TestAnAttemptWithoutARecordCountsOnceItIsDead(t *testing.T) {
	t.Parallel()
	n := newNotice(t)
	n.take()
	n.refused(postgres.ErrBeingSent)
	n.pass(patience - time.Second)
	n.refused(postgres.ErrBeingSent)
	n.stands(postgres.NoticeWaiting, 0, false)
	n.pass(time.Second)
	n.take()
	n.stands(postgres.NoticeWaiting, 1, false)
	n.pass(patience)
	n.refused(postgres.ErrNoticeFailed)
	n.stands(postgres.NoticeFailed, 2, true)
}

// A worker that stood still says what came of its attempt when another has been made in its stead.
func TestALateRecordOfADeadAttempt(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		say   func(n *noticeTest, first *postgres.Notice)
		state string
		tries int
	}{
		"unknown, which was counted": {func(n *noticeTest, first *postgres.Notice) { assert.False(n.t, n.unknown(first)) }, postgres.NoticeWaiting, 1},
		"nothing done, which leaves the other alone": {func(n *noticeTest, first *postgres.Notice) {
			require.NoError(n.t, n.NoticeUntouched(n.t.Context(), first))
		}, postgres.NoticeWaiting, 1},
		"accepted, which wins": {func(n *noticeTest, first *postgres.Notice) {
			require.NoError(n.t, n.NoticeAccepted(n.t.Context(), first.ID, "msg-1"))
		}, postgres.NoticeSent, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNotice(t)
			first := n.take()
			n.pass(patience)
			second := n.take()
			one.say(n, first)
			n.stands(one.state, one.tries, false)
			if one.state == postgres.NoticeWaiting {
				n.refused(postgres.ErrBeingSent)
				assert.True(t, n.unknown(second))
				return
			}
			assert.False(t, n.unknown(second))
			n.stands(postgres.NoticeSent, 1, false)
		})
	}
}

// A definite answer that comes when nobody expected one any more ends the finding.
func TestALaterAnswerWins(t *testing.T) {
	t.Parallel()
	for state, answer := range map[string]func(n *noticeTest) error{
		postgres.NoticeSent:   func(n *noticeTest) error { return n.NoticeAccepted(n.t.Context(), n.id, "msg-1") },
		postgres.NoticeFailed: func(n *noticeTest) error { return n.NoticeRefused(n.t.Context(), n.id) },
	} {
		n := newNotice(t)
		n.unknown(n.take())
		n.unknown(n.take())
		require.NoError(t, answer(n))
		n.stands(state, 2, false)
	}
}

// Attempts at once, all of which have seen that none is under way: one begins, and after its time another one.
func TestAttemptsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	n := newNotice(t)
	for range 2 {
		row, err := n.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = row.Exec(t.Context(), `select from notices where id = $1 for update`, n.id)
		require.NoError(t, err)
		var begun atomic.Int32
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if taken, err := n.TakeNotice(t.Context(), n.id, patient); taken != nil && assert.NoError(t, err) {
					begun.Add(1)
				}
			})
		}
		require.Eventually(t, func() bool {
			return one[int](t, n.Store, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == 2
		}, time.Minute, 10*time.Millisecond, "both wait for the row")
		require.NoError(t, row.Rollback(t.Context()))
		all.Wait()
		assert.EqualValues(t, 1, begun.Load())
		n.pass(patience)
	}
	n.refused(postgres.ErrNoticeFailed)
}

func TestOpsHasTheLastWord(t *testing.T) {
	t.Parallel()
	word := postgres.NoticeWord{NoticeID: "ntc_1", By: "ops:li", Reason: "nothing came"}
	for _, waiting := range []bool{true, false} {
		n := newNotice(t)
		state := postgres.NoticeWaiting
		if !waiting {
			state = postgres.NoticeSent
			require.NoError(t, n.NoticeAccepted(t.Context(), n.id, "msg-1"))
		}
		for _, say := range []func() (*registration.Refusal, error){
			func() (*registration.Refusal, error) { return n.ResendNotice(t.Context(), word) },
			func() (*registration.Refusal, error) { return n.AcceptNotice(t.Context(), word) },
		} {
			refusal, err := say()
			require.NoError(t, err)
			require.Equal(t, &registration.Refusal{Code: registration.CodeWrongState, State: registration.State(state)}, refusal)
		}
	}

	n := newNotice(t)
	require.NoError(t, n.NoticeRefused(t.Context(), n.id))
	n.refused(postgres.ErrNoticeFailed)
	refusal, err := n.ResendNotice(t.Context(), word)
	require.NoError(t, err)
	require.Nil(t, refusal)
	n.stands(postgres.NoticeWaiting, 0, false)
	messages, err := n.TakeMessages(t.Context(), postgres.MessageNotice, 10, time.Minute)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(messages, func(m postgres.Message) bool { return m.Ref == n.id && m.Again() }), "%v", messages)
	n.unknown(n.take())
	n.unknown(n.take())
	refusal, err = n.AcceptNotice(t.Context(), word)
	require.NoError(t, err)
	require.Nil(t, refusal)
	n.stands(postgres.NoticeSent, 2, false)
	assert.Equal(t, "resend ops:li, accept ops:li",
		one[string](t, n.Store, `select string_agg(word || ' ' || said_by, ', ' order by id) from notice_words where notice_id = $1 and reason is null`, n.id))
	for _, word := range []string{"resend", "accept"} {
		place := vault.Place{Subject: n.about, Purpose: dossier.PurposeReason, Row: n.id}
		sealed := one[[]byte](t, n.Store, `select sealed_reason from notice_words where word = $1`, word)
		assert.Equal(t, "nothing came", storetest.Unsealed[string](t, n.Store, place, sealed))
	}
	assert.Equal(t, "notice_resent:approved/email, notice_accepted:approved/email",
		one[string](t, n.Store, `select string_agg(event, ', ' order by id) from timeline where actor = 'ops:li'`))
	_, err = n.ResendNotice(t.Context(), postgres.NoticeWord{NoticeID: "ntc_2", By: "ops:li", Reason: "x"})
	require.ErrorIs(t, err, postgres.ErrNotFound)
}
