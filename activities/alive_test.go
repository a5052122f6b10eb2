package activities

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A beat at once would be on its way when most calls end, and the SDK warns of every one that is cut off.
func TestTheFirstBeatComesAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		beats := 0
		go pulse(ctx, func() { beats++ })
		<-time.After(beat - 1)
		synctest.Wait()
		assert.Zero(t, beats)
		<-time.After(2 * beat)
		synctest.Wait()
		assert.Equal(t, 2, beats)
		cancel()
		<-time.After(2 * beat)
		assert.Equal(t, 2, beats)
	})
}
