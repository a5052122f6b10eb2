package e2e

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/api"
	"shiming/internal/contract"
)

// published is the contract that the API publishes.
var published = sync.OnceValues(func() (*contract.Contract, error) {
	document, err := api.OpenAPI()
	if err != nil {
		return nil, err
	}
	return contract.New(document)
})

// hold requires that an answer is what the document says, and so is a request that was answered well.
func hold(t testing.TB, r *http.Request, a answer) {
	t.Helper()
	document, err := published()
	require.NoError(t, err)
	require.NoError(t, document.Answer(r, a.Status, a.Header, a.Raw), "%s", a.Raw)
	if a.Status >= http.StatusBadRequest {
		return
	}
	if r.GetBody != nil {
		r.Body, err = r.GetBody()
		require.NoError(t, err)
	}
	require.NoError(t, document.Request(r))
}
