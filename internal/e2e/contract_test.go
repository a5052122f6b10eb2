package e2e

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/api"
	"shiming/internal/contract"
	"shiming/internal/contract/contracttest"
)

// published is the contract that the API publishes.
var published = sync.OnceValues(func() (*contract.Contract, error) {
	document, err := api.OpenAPI()
	if err != nil {
		return nil, err
	}
	return contract.New(document)
})

// held requires that every answer of the API is what the document says.
func held(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	document, err := published()
	require.NoError(t, err)
	return contracttest.Held(t, document, h)
}

// hold requires that a request that was answered well is what the document says.
func hold(t testing.TB, r *http.Request, a answer) {
	t.Helper()
	if a.Status >= http.StatusBadRequest {
		return
	}
	document, err := published()
	require.NoError(t, err)
	if r.GetBody != nil {
		r.Body, err = r.GetBody()
		require.NoError(t, err)
	}
	require.NoError(t, document.Request(r))
}
