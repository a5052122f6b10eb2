package api

import (
	"net/http"
	"sync"

	"github.com/stretchr/testify/require"

	"shiming/internal/contract"
)

// heldTo is the contract that the API publishes.
var heldTo = sync.OnceValues(func() (*contract.Contract, error) {
	document, err := OpenAPI()
	if err != nil {
		return nil, err
	}
	return contract.New(document)
})

// hold requires that an answer is what the document says.
func (w *world) hold(r *http.Request, a answer) {
	w.t.Helper()
	document, err := heldTo()
	require.NoError(w.t, err)
	require.NoError(w.t, document.Answer(r, a.Status, a.Header, a.Raw), "%.1000s", a.Raw)
}
