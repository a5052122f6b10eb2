package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documented lists every operation of the document: method, path with ids filled in, id, and whether it needs a token.
func documented(t testing.TB) []struct {
	method, path, id string
	token            bool
} {
	t.Helper()
	raw, err := OpenAPI()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	var all []struct {
		method, path, id string
		token            bool
	}
	fill := strings.NewReplacer("{id}", "reg_aaaaaaaaaaaaaaaaaaaaaaaaaa", "{account_id}", "acct-1", "{slot}", "id_card_front")
	for path, calls := range doc.Paths {
		for method, call := range calls {
			all = append(all, struct {
				method, path, id string
				token            bool
			}{strings.ToUpper(method), fill.Replace(path), call.OperationID, len(call.Security) > 0})
		}
	}
	require.NotEmpty(t, all)
	return all
}

func TestEveryOperationIsOpenToItsRolesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, op := range documented(t) {
		if !op.token {
			require.Empty(t, roles(op.id), "%s is signed and has roles", op.id)
			if op.id == "object-to-clearing" { // whoever has the link
				w.as("").send(op.method, op.path, `{"token": "no-such-token"}`).refused(http.StatusNotFound, "not_found")
				continue
			}
			if strings.HasPrefix(op.path, "/v1/webhooks/") { // a token is no signature
				w.as("ops").send(op.method, op.path, "{}").refused(http.StatusUnauthorized, "unauthorized")
				continue
			}
			require.Equal(t, http.MethodGet, op.method, "%s needs no token and changes something", op.id)
			require.False(t, strings.HasPrefix(op.path, "/v1/"), "%s needs no token", op.id)
			continue
		}
		require.NotEmpty(t, roles(op.id), "%s may be called by nobody", op.id)
		w.as("").send(op.method, op.path, nil).refused(http.StatusUnauthorized, "unauthorized")
		w.as("stranger").send(op.method, op.path, nil).refused(http.StatusUnauthorized, "unauthorized")
		for _, r := range []role{platform, reviewer, ops} {
			a := w.as(string(r)).send(op.method, op.path, nil)
			if slices.Contains(roles(op.id), r) {
				require.NotContains(t, []int{401, 403, 500}, a.Status, "%s as %s: %s", op.id, r, a.Raw)
			} else {
				a.refused(http.StatusForbidden, "forbidden")
			}
		}
	}
}

func TestAStrangersChallengeSaysBearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, "Bearer", w.as("").get("/v1/registrations").Header.Get("WWW-Authenticate"))
}
