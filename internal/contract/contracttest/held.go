// Package contracttest holds a server under test to its OpenAPI document: every answer, whoever in the test asks for it
// and however. It promises that an answer the document does not know fails the test, and refuses to judge requests.
package contracttest

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/internal/contract"
)

// Held is a handler whose answers are held to the document until the test ends.
func Held(t testing.TB, document *contract.Contract, h http.Handler) http.Handler {
	t.Helper()
	var mu sync.Mutex
	var broken []error
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, err := range broken {
			assert.NoError(t, err)
		}
	})
	return document.Watch(h, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		broken = append(broken, err)
	})
}
