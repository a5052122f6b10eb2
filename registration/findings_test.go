package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/registration"
)

// Who gets a finding has nothing else to go by.
func TestEveryFindingSaysWhatToDo(t *testing.T) {
	t.Parallel()
	said := map[string]registration.FindingKind{}
	for _, kind := range registration.FindingKinds() {
		text := kind.Text()
		assert.Greater(t, len(text), 100, kind)
		assert.Empty(t, said[text], "%s says what another says", kind)
		said[text] = kind
	}
	assert.Empty(t, registration.FindingKind("no_such").Text())
}
