package activities_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/activities"
	"shiming/internal/email"
	"shiming/internal/outside"
	"shiming/internal/postgres"
	"shiming/registration"
)

var byMail = []registration.NoticeRef{{ID: "ntc_1", Lane: registration.EmailLane}}

// What is sent at the first try is left to nobody; what is refused, or is not to be sent now, is left to its lane, which says so.
func TestTheFirstTryLeavesWhatItHasNotSent(t *testing.T) {
	t.Parallel()
	left, err := (&activities.Post{Mail: &mailbox{}, Book: &awayBook{}}).TryNotices(t.Context(), byMail)
	require.NoError(t, err)
	assert.Empty(t, left)
	for _, post := range []*activities.Post{
		{Mail: &mailbox{refuse: &email.Refusal{}}, Book: &awayBook{}},
		{Mail: &mailbox{refuse: outside.ErrUnavailable}, Book: &awayBook{}},
		{Mail: &mailbox{}, Book: &awayBook{taking: postgres.ErrBeingSent}},
	} {
		left, err := post.TryNotices(t.Context(), byMail)
		require.NoError(t, err)
		assert.Equal(t, byMail, left)
	}
}

// A lane that has a pace sends everything itself.
func TestTheFirstTryKeepsAwayFromAPacedLane(t *testing.T) {
	t.Parallel()
	mail := &mailbox{}
	post := &activities.Post{Mail: mail, Book: &awayBook{}, Paced: []registration.Lane{registration.EmailLane}}
	left, err := post.TryNotices(t.Context(), byMail)
	require.NoError(t, err)
	assert.Equal(t, byMail, left)
	assert.Zero(t, mail.sent)
}

// A provider that did not answer is left alone for a while: its messages would keep the others waiting.
func TestALaneRestsAfterAFirstTryInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mail := &mailbox{refuse: outside.ErrUnknown}
		tries := func() int {
			post := &activities.Post{Mail: mail, Book: &awayBook{}}
			for range 3 {
				_, err := post.TryNotices(t.Context(), byMail)
				require.NoError(t, err)
			}
			time.Sleep(time.Minute) //nolint:forbidigo // in a bubble, where it costs nothing
			post.Book = &awayBook{}
			_, err := post.TryNotices(t.Context(), byMail)
			require.NoError(t, err)
			return mail.sent
		}
		assert.Equal(t, 2, tries(), "one of three, and one after a while")
	})
}

// A try that takes longer than a task may is not waited for, and recorded all the same.
func TestASlowFirstTryIsRecordedAllTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book, mail := &awayBook{standstill: 4 * time.Second}, &mailbox{}
		begun := time.Now()
		left, err := (&activities.Post{Mail: mail, Book: book}).TryNotices(t.Context(), byMail)
		require.NoError(t, err)
		assert.Equal(t, byMail, left)
		assert.Equal(t, registration.FirstTryWithin, time.Since(begun))
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble, where it costs nothing
		assert.Equal(t, "accepted", book.outcome)
	})
}
