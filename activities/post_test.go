package activities_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/activities"
	"shiming/internal/email"
	"shiming/internal/notice"
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
	until   time.Time
	outcome string
}

func (b *awayBook) TakeNotice(_ context.Context, id string) (*postgres.Notice, error) {
	if b.outcome != "" {
		return nil, nil
	}
	return &postgres.Notice{ID: id, Kind: notice.Approved, Channel: notice.Email, Locale: registration.English, To: "a@example.com"}, nil
}

func (b *awayBook) NoticeAccepted(context.Context, string, string) error { return b.write("accepted") }

func (b *awayBook) NoticeRefused(context.Context, string) error { return b.write("refused") }

func (b *awayBook) write(outcome string) error {
	if time.Now().Before(b.until) {
		return errors.New("the database is away")
	}
	b.outcome = outcome
	return nil
}

// The database goes away between the provider's answer and our record of it: the record is insisted on, and nothing is
// sent again.
func TestAnswerOfAProviderIsRecordedHoweverOftenItTakes(t *testing.T) {
	t.Parallel()
	for outcome, answer := range map[string]error{"accepted": nil, "refused": &email.Refusal{}} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				book, mail := &awayBook{until: time.Now().Add(30 * time.Second)}, &mailbox{refuse: answer}
				post := &activities.Post{Mail: mail, Book: book}
				attempt, cancel := context.WithTimeout(t.Context(), 45*time.Second)
				defer cancel()
				require.NoError(t, post.Deliver(attempt, "ntc_1"))
				assert.Equal(t, outcome, book.outcome)
				assert.Equal(t, 1, mail.sent)
			})
		})
	}
}

// An attempt that ends before the record can be written fails: the notice is not taken for delivered.
func TestRecordIsGivenUpWithItsAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := &awayBook{until: time.Now().Add(time.Hour)}
		post := &activities.Post{Mail: &mailbox{}, Book: book}
		attempt, cancel := context.WithTimeout(t.Context(), 45*time.Second)
		defer cancel()
		require.Error(t, post.Deliver(attempt, "ntc_1"))
		assert.Empty(t, book.outcome)
	})
}
