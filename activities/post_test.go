package activities_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"shiming/activities"
	"shiming/internal/email"
	"shiming/internal/notice"
	"shiming/internal/outside"
	"shiming/internal/postgres"
	"shiming/registration"
)

// mailbox takes every message, or refuses each for good.
type mailbox struct {
	refuse error
	sent   int
}

func (m *mailbox) Send(context.Context, email.Message) (string, error) {
	m.sent++
	return "msg-1", m.refuse
}

// awayBook is a database that cannot be written for a while after a notice was taken from it.
type awayBook struct {
	until      time.Time
	taking     error         // what taking a notice meets
	standstill time.Duration // how long it takes
	meanwhile  func()        // what happens while one is taken
	outcome    string
}

func (b *awayBook) TakeNotice(ctx context.Context, id string, _ func(notice.Channel) time.Duration) (*postgres.Notice, error) {
	if b.outcome != "" || b.taking != nil {
		return nil, b.taking
	}
	time.Sleep(b.standstill) //nolint:forbidigo // in a bubble, where it costs nothing
	if b.meanwhile != nil {
		if b.meanwhile(); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return &postgres.Notice{ID: id, Kind: notice.Approved, Channel: notice.Email, Locale: registration.English, To: "a@example.com"}, nil
}

func (b *awayBook) NoticeAccepted(context.Context, string, string) error { return b.write("accepted") }

func (b *awayBook) NoticeRefused(context.Context, string) error { return b.write("refused") }

func (b *awayBook) NoticeUnknown(context.Context, *postgres.Notice) (bool, error) {
	return true, b.write("unknown")
}

func (b *awayBook) NoticeUntouched(context.Context, *postgres.Notice) error {
	return b.write("untouched")
}

func (b *awayBook) write(outcome string) error {
	if time.Now().Before(b.until) {
		return errors.New("the database is away")
	}
	b.outcome = outcome
	return nil
}

// The database goes away between the provider's answer and our record of it: the record is insisted on, also when the
// attempt's own time is over, and nothing is sent again.
func TestAnswerOfAProviderIsRecordedHoweverOftenItTakes(t *testing.T) {
	t.Parallel()
	for outcome, answer := range map[string]error{
		"accepted": nil, "refused": &email.Refusal{}, "unknown": outside.ErrUnknown, "untouched": outside.ErrUnavailable,
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				book, mail := &awayBook{until: time.Now().Add(90 * time.Second)}, &mailbox{refuse: answer}
				post := &activities.Post{Mail: mail, Book: book}
				attempt, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := post.Deliver(attempt, "ntc_1")
				assert.Equal(t, outcome == "accepted", err == nil, "%v", err)
				assert.Equal(t, outcome, book.outcome)
				assert.Equal(t, 1, mail.sent)
			})
		})
	}
}

// A record that cannot be written is given up in the end: the notice is not taken for delivered.
func TestRecordIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := &awayBook{until: time.Now().Add(time.Hour)}
		post := &activities.Post{Mail: &mailbox{}, Book: book}
		require.Error(t, post.Deliver(t.Context(), "ntc_1"))
		assert.Empty(t, book.outcome)
	})
}

// A notice that failed is not tried again by the engine; what another attempt may be sending is.
func TestOnlyWhatFailedIsGivenUp(t *testing.T) {
	t.Parallel()
	for taking, final := range map[error]bool{postgres.ErrNoticeFailed: true, postgres.ErrBeingSent: false} {
		post := &activities.Post{Mail: &mailbox{}, Book: &awayBook{taking: taking}}
		var failed *temporal.ApplicationError
		require.ErrorAs(t, post.Deliver(t.Context(), "ntc_1"), &failed)
		assert.Equal(t, final, failed.NonRetryable())
	}
}

// A worker that stops takes no notice any more, and one that is taking it sees it through: an attempt that was begun and left no
// word would have to be waited for.
func TestAWorkerThatStopsLeavesNoAttemptBehind(t *testing.T) {
	t.Parallel()
	running, stop := context.WithCancel(t.Context())
	book, mail := &awayBook{meanwhile: stop}, &mailbox{}
	post := &activities.Post{Mail: mail, Book: book}
	require.NoError(t, post.Deliver(running, "ntc_1"))
	assert.Equal(t, "accepted", book.outcome)
	book.outcome = ""
	require.Error(t, post.Deliver(running, "ntc_2"))
	assert.Equal(t, 1, mail.sent)
	assert.Empty(t, book.outcome)
}

// A worker that stood still between taking a notice and calling its provider does not call: another may be at it by now.
func TestAnAttemptThatComesTooLateSendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book, mail := &awayBook{standstill: 20 * time.Second}, &mailbox{}
		require.Error(t, (&activities.Post{Mail: mail, Book: book}).Deliver(t.Context(), "ntc_1"))
		assert.Zero(t, mail.sent)
		assert.Equal(t, "untouched", book.outcome)
	})
}
