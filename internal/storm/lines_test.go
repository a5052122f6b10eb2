package storm

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/registration"
)

func TestTrapSpringsOnceWhenItsPointWasPassedOftenEnough(t *testing.T) {
	t.Parallel()
	set := newTrap(afterCommit, 2)
	var sprung []bool
	for range 5 {
		assert.False(t, set.springs(beforeCommit))
		sprung = append(sprung, set.springs(afterCommit))
	}
	assert.Equal(t, []bool{false, false, true, false, false}, sprung)
	assert.False(t, (*trap)(nil).springs(afterCommit))
}

func TestWrittenTables(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string][]string{
		"insert into timeline (a) values ($1)":                                          {"timeline"},
		"update acts set a = 1":                                                         {"acts"},
		"select id from outbox where taken_at is null for update skip locked":           nil,
		"insert into acts (id) values ($1) on conflict (id) do update set a = 1":        {"acts"},
		"with gone as (delete from vault where id = $1 returning 1) select * from gone": {"vault"},
		"select 1": nil,
	} {
		assert.Equal(t, want, written(statement), statement)
	}
}

// said makes the bytes of a message's body out of words.
func said(words ...string) (body []byte) {
	for _, w := range words {
		body = append(append(body, w...), 0)
	}
	return body
}

// Whoever writes to a notice's row is remembered with it.
func TestWhoWritesToANoticeIsKnown(t *testing.T) {
	t.Parallel()
	id := registration.NewID("ntc")
	by, book := lived(0), &callBook{writers: map[string][]*life{}}
	c := &conversation{life: by, book: book, statements: map[string][]string{}}
	c.heard(msgParse, said("s1", "update notices set sending_at = $2 where id = $1"))
	c.heard(msgParse, said("s2", "select id from notices where id = $1"))
	c.heard(msgBind, append(said("", "s2"), "\x00\x00\x00\x01"+id...))
	assert.Empty(t, book.wroteTo(), "reading is not writing")
	c.heard(msgBind, append(said("", "s1"), "\x00\x00\x00\x01"+id...))
	assert.Equal(t, map[string][]*life{id: {by}}, book.wroteTo())
}

func TestCommitsAreKnownWhenTheyAreSeen(t *testing.T) {
	t.Parallel()
	c := &conversation{statements: map[string][]string{}}
	hears := func(kind byte, body []byte) bool { _, commits := c.heard(kind, body); return commits }

	assert.False(t, hears(msgQuery, said("begin")))
	assert.False(t, hears(msgParse, said("s1", "update registrations set a = $1")))
	assert.False(t, hears(msgBind, said("", "s1")))
	assert.False(t, hears(msgSync, nil), "in a transaction")
	assert.Nil(t, c.told(msgReady, []byte("T")))
	tables, commits := c.heard(msgQuery, said("commit"))
	assert.True(t, commits)
	assert.Equal(t, []string{"registrations"}, tables)
	assert.Equal(t, []string{"registrations"}, c.told(msgReady, []byte{idle}))
	assert.Nil(t, c.told(msgReady, []byte{idle}), "confirmed once")

	assert.False(t, hears(msgBind, said("", "s1")))
	assert.True(t, hears(msgSync, nil), "a statement on its own")
	c.told(msgError, nil)
	assert.Nil(t, c.told(msgReady, []byte{idle}), "it failed")

	hears(msgQuery, said("begin isolation level repeatable read read only"))
	assert.False(t, hears(msgQuery, said("commit")), "nothing was written")
	hears(msgQuery, said("begin"))
	hears(msgBind, said("", "s1"))
	assert.False(t, hears(msgQuery, said("rollback")))
	assert.False(t, hears(msgQuery, said("commit")))
}
