package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/postgres"
	"shiming/registration"
)

// pile is a table of registrations that changes between the pages of a list.
type pile struct {
	t     *rapid.T
	s     *postgres.Store
	state map[string]registration.State
	// steady are the rows that were there when the reading began and have been on the list ever since.
	steady   map[string]registration.State
	filtered bool
	n        int
}

func (p *pile) exec(sql string, args ...any) {
	_, err := p.s.Pool().Exec(context.Background(), sql, args...)
	require.NoError(p.t, err)
}

func (p *pile) states() []registration.State {
	return []registration.State{registration.IdentityRequired, registration.DetailsRequired}
}

// add inserts a registration made second seconds after the first; several may be made at once.
func (p *pile) add(second int, state registration.State) {
	p.n++
	id := registration.NewID("reg")
	p.exec(`insert into registrations (id, account_id, kind, name, locale, state, sequence, created_at, updated_at, last_act_at, state_since, applicant_ref)
		values ($1, $2, 'individual', 'Harbour Light', 'zh-CN', $3, 1, $4, $4, $4, $4, 'vlt_1')`,
		id, fmt.Sprintf("acct-%d", p.n), state, time.Date(2026, 6, 1, 0, 0, second, 0, time.UTC))
	p.state[id] = state
}

// change lets a registration move on.
func (p *pile) change() {
	ids := make([]string, 0, len(p.state))
	for id := range p.state {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(p.t, "changed")
	to := rapid.SampledFrom(p.states()).Draw(p.t, "to")
	if p.filtered && to != p.state[id] {
		delete(p.steady, id)
	}
	p.exec(`update registrations set state = $2, sequence = sequence + 1, version = version + 1, updated_at = now(), overdue = not overdue where id = $1`, id, to)
	p.state[id] = to
}

// Whatever is inserted and changed between two pages: nothing comes twice, nothing that stayed is left out, and the order holds.
func TestPagesAreStableWhileRowsChange(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	_, err := s.Pool().Exec(t.Context(), `insert into vault_keys (subject, wrapped) values ('x', 'x');
		insert into vault_items (ref, subject, purpose, sealed) values ('vlt_1', 'x', 'applicant', 'x')`)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		p := &pile{t: t, s: s, state: map[string]registration.State{}}
		p.exec(`truncate registrations cascade`)
		for range rapid.IntRange(1, 25).Draw(t, "rows") {
			p.add(rapid.IntRange(0, 5).Draw(t, "second"), rapid.SampledFrom(p.states()).Draw(t, "state"))
		}
		filter := postgres.ListFilter{Limit: rapid.IntRange(1, 7).Draw(t, "limit")}
		if rapid.Bool().Draw(t, "filtered") {
			filter.State, p.filtered = rapid.SampledFrom(p.states()).Draw(t, "filter"), true
		}
		p.steady = maps.Clone(p.state)
		p.read(filter)
	})
}

// read takes page after page, with changes in between.
func (p *pile) read(filter postgres.ListFilter) {
	seen := map[string]bool{}
	var last *registration.View
	for {
		page, err := p.s.List(context.Background(), filter)
		require.NoError(p.t, err)
		require.LessOrEqual(p.t, len(page.Items), filter.Limit)
		for _, v := range page.Items {
			require.False(p.t, seen[v.ID], "twice")
			seen[v.ID] = true
			require.True(p.t, filter.State == "" || v.State == filter.State)
			require.True(p.t, last == nil || v.CreatedAt.Before(last.CreatedAt) || v.CreatedAt.Equal(last.CreatedAt) && v.ID < last.ID, "newest first")
			last = v
		}
		if filter.Cursor = page.NextCursor; filter.Cursor == "" {
			break
		}
		for range rapid.IntRange(0, 3).Draw(p.t, "inserted") {
			p.add(rapid.IntRange(0, 9).Draw(p.t, "second"), rapid.SampledFrom(p.states()).Draw(p.t, "state"))
		}
		for range rapid.IntRange(0, 3).Draw(p.t, "changes") {
			p.change()
		}
	}
	for id, state := range p.steady {
		if filter.State == "" || state == filter.State {
			require.True(p.t, seen[id], "left out")
		}
	}
}

func TestCursorsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, cursor := range []string{"x", "%%%", "MjAyNg", "bm93fHJlZw", "MjAyNi0wMS0wMVQwMDowMDowMFp8AA", "MjAyNi0wMS0wMVQwMDowMDowMFp8__4"} {
		_, err := s.List(t.Context(), postgres.ListFilter{Limit: 1, Cursor: cursor})
		require.ErrorIs(t, err, postgres.ErrCursor, cursor)
		_, err = s.Reviews(t.Context(), postgres.ReviewFilter{Limit: 1, Cursor: cursor})
		require.ErrorIs(t, err, postgres.ErrCursor, cursor)
	}
}
