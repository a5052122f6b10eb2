package activities

import (
	"context"
	"sync/atomic"
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
		var beats atomic.Int64
		go pulse(ctx, func() { beats.Add(1) })
		<-time.After(beat - 1)
		synctest.Wait()
		assert.Zero(t, beats.Load())
		<-time.After(2 * beat)
		synctest.Wait()
		assert.EqualValues(t, 2, beats.Load())
		cancel()
		<-time.After(2 * beat)
		assert.EqualValues(t, 2, beats.Load())
	})
}
