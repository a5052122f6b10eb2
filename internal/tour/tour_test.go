package tour

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailedStepIsNamedWithItsCode(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"code": "registration_exists"}`)) // to the test's own client
	}))
	t.Cleanup(api.Close)
	summary, err := Run(t.Context(), Options{API: api.URL, Sandbox: api.URL, Row: func(Row) {}, Transition: func(Transition) {}})
	require.ErrorContains(t, err, "individual, debit card: start the registration: 409 registration_exists")
	assert.Equal(t, 4, summary.Registrations)
	assert.Zero(t, summary.Approved)
	require.Len(t, summary.Failed, 4)
	assert.Equal(t, "start the registration", summary.Failed[0].Step)
	assert.Equal(t, "registration_exists", summary.Failed[0].Code)
}
