package api

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/contract"
	"shiming/internal/contract/contracttest"
)

// heldTo is the contract that the API publishes.
var heldTo = sync.OnceValues(func() (*contract.Contract, error) {
	document, err := OpenAPI()
	if err != nil {
		return nil, err
	}
	return contract.New(document)
})

// held requires that every answer of a handler is what the document says.
func held(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	document, err := heldTo()
	require.NoError(t, err)
	return contracttest.Held(t, document, h)
}
