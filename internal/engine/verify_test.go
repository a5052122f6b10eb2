package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"shiming/registration"
)

func TestEverySearchAttributeThatIsMissingIsNamedWithItsCommand(t *testing.T) {
	t.Parallel()
	found := map[string]enumspb.IndexedValueType{}
	for name, kind := range registration.SearchAttributes() {
		value, err := enumspb.IndexedValueTypeFromString(kind)
		require.NoError(t, err)
		found[name] = value
	}
	require.NoError(t, missing(found, "default"))
	delete(found, registration.AttrDueAt)
	found[registration.AttrOverdue] = enumspb.INDEXED_VALUE_TYPE_TEXT
	err := missing(found, "prod")
	require.ErrorContains(t, err, "temporal operator search-attribute create --namespace prod --name DueAt --type Datetime")
	require.ErrorContains(t, err, "Overdue is of type Text and must be Bool")
}
