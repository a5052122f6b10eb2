package activities

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
)

// One caller's slow endpoints, however many, leave room for another's.
func TestACallersEndpointsShareItsRoom(t *testing.T) {
	t.Parallel()
	var w Webhooks
	var leave []func()
	for endpoint := range 10 {
		for range 10 {
			if done, free := w.enter(&postgres.Outgoing{EndpointID: string(rune('a' + endpoint)), Owner: "one"}, inLane); free {
				leave = append(leave, done)
			}
		}
	}
	require.Len(t, leave, inLane.perOwner)
	other, free := w.enter(&postgres.Outgoing{EndpointID: "z", Owner: "two"}, inLane)
	require.True(t, free)
	for _, done := range append(leave, other) {
		done()
	}
	require.Empty(t, w.endpoints.taken, "what is over takes no room")
	require.Empty(t, w.owners.taken)
}
