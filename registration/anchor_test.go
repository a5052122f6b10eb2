package registration

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheGreaterMarkOfOneDatabaseCounts(t *testing.T) {
	t.Parallel()
	one, later, other := Mark{"one", 3}, Mark{"one", 4}, Mark{"two", 1}
	assert.Equal(t, later, one.Newest(later))
	assert.Equal(t, later, later.Newest(one), "they may come in another order")
	assert.Equal(t, other, later.Newest(other), "another has taken its place")
	assert.Equal(t, one, Mark{}.Newest(one))
}
