package overload

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enters is a call that must be let in.
func enters(t *testing.T, l *Limiter) func(Outcome) {
	t.Helper()
	leave, ok := l.Enter(t.Context())
	require.True(t, ok)
	return leave
}

// fill has as many calls under way as may be.
func fill(t *testing.T, l *Limiter) (leave []func(Outcome)) {
	t.Helper()
	for l.See().InFlight < l.See().Limit {
		leave = append(leave, enters(t, l))
	}
	return leave
}

// serve has so many callers call at a time, each call taking so long, for a while. It returns how many were refused.
func serve(t *testing.T, l *Limiter, callers int, during time.Duration, o Outcome, takes func() time.Duration) int64 {
	t.Helper()
	var refused atomic.Int64
	until := time.Now().Add(during)
	for range callers {
		go func() {
			for time.Now().Before(until) {
				leave, ok := l.Enter(context.Background())
				if !ok {
					refused.Add(1)
					time.Sleep(5 * time.Millisecond) //nolint:forbidigo // a bubble's time takes no time
					continue
				}
				time.Sleep(takes()) //nolint:forbidigo // a bubble's time takes no time
				leave(o)
			}
		}()
	}
	time.Sleep(during + time.Minute) //nolint:forbidigo // a bubble's time takes no time
	synctest.Wait()
	return refused.Load()
}

func TestNoMoreThanTheLimitAreUnderWayAndTheOthersAreRefusedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 4, Most: 8, Wait: 400 * time.Millisecond})
		under := fill(t, l)
		require.Len(t, under, 4)
		began := time.Now()
		_, ok := l.Enter(t.Context())
		require.False(t, ok)
		assert.Equal(t, 400*time.Millisecond, time.Since(began), "it waits as long as it may")
		began = time.Now()
		_, ok = l.Enter(t.Context())
		require.False(t, ok)
		assert.LessOrEqual(t, time.Since(began), brief, "and the next one next to nothing, because one was refused")
		assert.Equal(t, Sight{InFlight: 4, Limit: 4, Refused: 2}, l.See())
		under[0](Done)
		enters(t, l)
	})
}

func TestNoMoreWaitThanTheQueueHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: time.Second})
		enters(t, l)
		for range 10 {
			go func() { _, _ = l.Enter(context.Background()) }()
		}
		synctest.Wait()
		assert.Equal(t, queued, l.See().Waiting)
		assert.True(t, l.Full())
		time.Sleep(2 * time.Second) //nolint:forbidigo // a bubble's time takes no time
		assert.Zero(t, l.See().Waiting)
	})
}

func TestWhoeverWaitsIsLetInInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: time.Second})
		leave := enters(t, l)
		var order []int
		for i := range 3 {
			go func() {
				leave, ok := l.Enter(context.Background())
				if ok {
					order = append(order, i)
					leave(Done)
				}
			}()
			synctest.Wait()
		}
		leave(Done)
		synctest.Wait()
		assert.Equal(t, []int{0, 1, 2}, order)
		assert.Zero(t, l.See().InFlight)
	})
}

// An engine whose calls take the longer the more are under way does its most with a few: more callers find fewer places, not longer
// times.
func TestTheLimitStaysWhereCallsAreNotMuchSlowerThanWithoutLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 4, Most: 100, Stretch: 2, Wait: 400 * time.Millisecond})
		takes := func() time.Duration { return 20 * time.Millisecond * time.Duration(max(1, l.See().InFlight)) } // 50 a second, never more
		serve(t, l, 1, 5*time.Second, Done, takes)
		assert.Equal(t, 4, l.See().Limit, "a single caller proves nothing about more")
		refused := serve(t, l, 50, 30*time.Second, Done, takes)
		assert.LessOrEqual(t, l.See().Limit, 5)
		assert.Positive(t, refused)
	})
}

func TestTheLimitGrowsWhileCallsDoNotSlowDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 4, Most: 40, Stretch: 2, Wait: 400 * time.Millisecond})
		serve(t, l, 60, 30*time.Second, Done, func() time.Duration { return 20 * time.Millisecond })
		assert.Equal(t, 40, l.See().Limit, "and never beyond the most")
	})
}

func TestFailuresTakeTheLimitDownToTheFloorAndItComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 3, First: 60, Most: 60, Wait: time.Second})
		serve(t, l, 60, time.Minute, Failed, func() time.Duration { return time.Second })
		require.Equal(t, 3, l.See().Limit)
		serve(t, l, 20, 10*time.Second, Done, func() time.Duration { return 20 * time.Millisecond })
		assert.GreaterOrEqual(t, l.See().Limit, 20)
	})
}

func TestACallThatTakesTooLongHasFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 3, First: 60, Most: 60, Slow: 2 * time.Second, Wait: time.Second})
		serve(t, l, 60, time.Minute, Done, func() time.Duration { return 3 * time.Second })
		assert.Equal(t, 3, l.See().Limit)
	})
}

// Refusals for what was asked for are quick, and would make every creation look slow.
func TestWhatIsNoWorkSaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 4, Most: 40, Stretch: 2, Wait: time.Second})
		serve(t, l, 4, 5*time.Second, Neutral, func() time.Duration { return time.Millisecond })
		assert.Zero(t, l.unloaded)
		assert.Zero(t, l.service)
		serve(t, l, 4, 5*time.Second, Done, func() time.Duration { return 50 * time.Millisecond })
		assert.GreaterOrEqual(t, l.See().Limit, 4)
		assert.Equal(t, 50*time.Millisecond, l.unloaded)
	})
}

// How long calls take in a flood says nothing about how long they take without load, however few are let in.
func TestAFloodMakesNoTimeItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 2, Most: 2, Stretch: 2, Wait: 100 * time.Millisecond})
		serve(t, l, 1, 5*time.Second, Done, func() time.Duration { return 50 * time.Millisecond })
		serve(t, l, 50, 30*time.Second, Done, func() time.Duration { return 400 * time.Millisecond })
		assert.Equal(t, 50*time.Millisecond, l.unloaded)
		serve(t, l, 1, 10*time.Second, Done, func() time.Duration { return 100 * time.Millisecond })
		assert.InDelta(t, 100*time.Millisecond, l.unloaded, float64(time.Millisecond))
	})
}

// What was learned under load is put right when there is none: a limiter that starts in a storm is no worse off than another.
func TestTheTimeWithoutLoadIsLearnedAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 20, Most: 40, Stretch: 2, Wait: 100 * time.Millisecond})
		serve(t, l, 50, 10*time.Second, Done, func() time.Duration { return 400 * time.Millisecond })
		require.Greater(t, l.See().Limit, 20)
		takes := func() time.Duration { return 20 * time.Millisecond * time.Duration(max(1, l.See().InFlight)) }
		serve(t, l, 1, 5*time.Second, Done, takes)
		serve(t, l, 50, 10*time.Second, Done, takes)
		assert.LessOrEqual(t, l.See().Limit, 5)
	})
}

// Nothing takes longer without load than it does under load.
func TestTheTimeWithoutLoadIsNeverMoreThanAnyTimeUnderLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 2, First: 4, Most: 4, Stretch: 2, Wait: time.Second})
		serve(t, l, 4, 10*time.Second, Done, func() time.Duration { return 400 * time.Millisecond })
		require.Equal(t, 400*time.Millisecond, l.unloaded)
		serve(t, l, 4, 10*time.Second, Done, func() time.Duration { return 20 * time.Millisecond })
		assert.Equal(t, 20*time.Millisecond, l.unloaded)
	})
}

// While those who come first are held back, the others have no more than their floor, and that they have.
func TestThoseBeforeComeFirstAndNobodyStarves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := New(Config{Floor: 1, First: 2, Most: 2, Wait: 100 * time.Millisecond})
		second := New(Config{Floor: 2, First: 10, Most: 10, Wait: 100 * time.Millisecond, Before: []*Limiter{first}})
		held := fill(t, first)
		assert.Equal(t, 10, second.See().Limit)
		_, ok := first.Enter(t.Context())
		require.False(t, ok)
		assert.Equal(t, 2, second.See().Limit)
		enters(t, second)
		enters(t, second)
		_, ok = second.Enter(t.Context())
		require.False(t, ok)
		for _, leave := range held {
			leave(Done)
		}
		time.Sleep(2 * calm) //nolint:forbidigo // a bubble's time takes no time
		assert.Equal(t, 10, second.See().Limit)
		enters(t, second)
	})
}

// A caller who leaves while it waits is not let in for nobody.
func TestWhoeverLeavesWhileWaitingTakesNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: time.Minute})
		leave := enters(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() {
			_, ok := l.Enter(ctx)
			done <- ok
		}()
		synctest.Wait()
		cancel()
		assert.False(t, <-done)
		leave(Done)
		assert.Equal(t, 0, l.See().InFlight)
		enters(t, l)
	})
}

func TestRetryAfterGrowsWithTheTimeOfRefusingAndDiffers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: time.Millisecond})
		enters(t, l)
		_, ok := l.Enter(t.Context())
		require.False(t, ok)
		assert.Less(t, l.RetryAfter(), 4*time.Second)
		for range 100 {
			time.Sleep(500 * time.Millisecond) //nolint:forbidigo // a bubble's time takes no time
			_, _ = l.Enter(t.Context())
		}
		different := map[time.Duration]bool{}
		for range 50 {
			after := l.RetryAfter()
			assert.GreaterOrEqual(t, after, latest)
			assert.LessOrEqual(t, after, 2*latest+time.Second)
			different[after] = true
		}
		assert.Greater(t, len(different), 10)
	})
}

// A burst with nobody behind it is served to its end; a flood has nobody stand and wait for long.
func TestABurstIsServedAndAFloodIsDispersed(t *testing.T) {
	t.Parallel()
	config := Config{Floor: 2, First: 4, Most: 4, Wait: 5 * time.Second, Queue: 64, Late: 400 * time.Millisecond}
	come := func(l *Limiter, callers int, served, refused *atomic.Int64) {
		for range callers {
			go func() {
				leave, ok := l.Enter(context.Background())
				if !ok {
					refused.Add(1)
					return
				}
				time.Sleep(200 * time.Millisecond) //nolint:forbidigo // a bubble's time takes no time
				leave(Done)
				served.Add(1)
			}()
		}
	}
	synctest.Test(t, func(t *testing.T) {
		l := New(config)
		serve(t, l, 1, time.Second, Done, func() time.Duration { return 200 * time.Millisecond })
		var served, refused atomic.Int64
		come(l, 68, &served, &refused)
		time.Sleep(time.Minute) //nolint:forbidigo // a bubble's time takes no time
		assert.EqualValues(t, 68, served.Load())
		assert.Zero(t, refused.Load())
		come(l, 68, &served, &refused)
		synctest.Wait()
		come(l, 1, &served, &refused)
		synctest.Wait()
		assert.EqualValues(t, 57, refused.Load(), "the one too many, and who would have waited for longer than 0.4 s from then on")
		assert.Equal(t, 8, l.See().Waiting)
		time.Sleep(time.Minute) //nolint:forbidigo // a bubble's time takes no time
		assert.EqualValues(t, 68+4+8, served.Load())
	})
}

// Who has waited longest goes first: the last ones can still be in time.
func TestAFloodIsDispersedTheLongestWaitingFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: 5 * time.Second, Queue: 4, Late: 300 * time.Millisecond})
		serve(t, l, 1, time.Second, Done, func() time.Duration { return 100 * time.Millisecond })
		leave := enters(t, l)
		var served, refused []string
		come := func(name string) {
			go func() {
				leave, ok := l.Enter(context.Background())
				if !ok {
					refused = append(refused, name)
					return
				}
				served = append(served, name)
				leave(Done)
			}()
			synctest.Wait()
		}
		come("first")
		time.Sleep(250 * time.Millisecond) //nolint:forbidigo // a bubble's time takes no time
		for _, name := range []string{"second", "third", "fourth", "too many"} {
			come(name)
		}
		assert.ElementsMatch(t, []string{"first", "too many"}, refused)
		leave(Done)
		synctest.Wait()
		assert.Equal(t, []string{"second", "third", "fourth"}, served)
	})
}

// While others are refused one waits for a moment, and takes the place that becomes free in it.
func TestOneWaitsToBeTheNextWhileOthersAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: time.Second, Queue: 1, Late: time.Nanosecond})
		serve(t, l, 1, time.Second, Done, func() time.Duration { return 200 * time.Millisecond })
		leave := enters(t, l)
		var entered, refused atomic.Int64
		come := func() {
			go func() {
				if leave, ok := l.Enter(context.Background()); ok {
					entered.Add(1)
					leave(Done)
					return
				}
				refused.Add(1)
			}()
			synctest.Wait()
		}
		come()
		come()
		assert.EqualValues(t, 2, refused.Load(), "one too many, and who waited before goes with it")
		come()
		assert.EqualValues(t, 2, refused.Load(), "the next one waits")
		come()
		assert.EqualValues(t, 3, refused.Load(), "and nobody behind it")
		leave(Done)
		synctest.Wait()
		assert.EqualValues(t, 1, entered.Load())
	})
}

// Whoever leaves while it waits takes nobody else's turn.
func TestWhoLeavesSaysNothingAboutTheLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Floor: 1, First: 1, Most: 1, Wait: time.Minute, Queue: 8, Late: time.Millisecond})
		serve(t, l, 1, time.Second, Done, func() time.Duration { return 200 * time.Millisecond })
		leave := enters(t, l)
		ctx, away := context.WithCancel(t.Context())
		var entered atomic.Int64
		wait := func(ctx context.Context) {
			go func() {
				if leave, ok := l.Enter(ctx); ok {
					entered.Add(1)
					leave(Done)
				}
			}()
			synctest.Wait()
		}
		wait(ctx)
		wait(t.Context())
		away()
		synctest.Wait()
		require.Equal(t, 1, l.See().Waiting)
		leave(Done)
		synctest.Wait()
		assert.EqualValues(t, 1, entered.Load())
	})
}
