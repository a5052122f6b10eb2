package web_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/web"
)

// Whatever is missing of a request, it is answered or not, and the connection ends.
func TestNobodyIsWaitedForForLong(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), impatient())
	for name, one := range map[string]struct {
		sent   string
		status int // 0: there is nothing to answer
	}{
		"nothing":                      {"", 0},
		"half a line":                  {"GET / HT", 0},
		"half its headers":             {"GET / HTTP/1.1\r\nHost: x\r\n", 0},
		"half a body":                  {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{", 400},
		"no byte of a body":            {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n", 400},
		"half a chunk":                 {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 400},
		"no last chunk":                {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 400},
		"a large body":                 {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\nabc", 400},
		"an old request's body":        {"POST / HTTP/1.0\r\nContent-Length: 50\r\n\r\n{", 400},
		"refused: half a body":         {"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{", 401},
		"refused: half a chunk":        {"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 401},
		"refused: no last chunk":       {"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 401},
		"refused: a large body":        {"PUT /early HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\nabc", 401},
		"refused: a body with GET":     {"GET /early HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{", 401},
		"refused: an old request's":    {"POST /early HTTP/1.0\r\nContent-Length: 50\r\n\r\n{", 401},
		"refused: who asks to be told": {"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n", 401},
		"refused: who wants to go":     {"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{", 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, s).send(one.sent)
			if one.status != 0 {
				status, _ := c.answer()
				assert.Equal(t, one.status, status)
			}
			c.closed()
		})
	}
}

// A refusal waits for nobody: not even for what the body may take.
func TestARefusalComesAtOnce(t *testing.T) {
	t.Parallel()
	patient := web.Defaults()
	patient.Within = time.Hour
	s := open(t, shop(), patient)
	for _, head := range []string{"Content-Length: 50", "Content-Length: 5000000", "Transfer-Encoding: chunked", "Content-Length: 50\r\nExpect: 100-continue"} {
		status, _ := dial(t, s).send("POST /early HTTP/1.1\r\nHost: x\r\n" + head + "\r\n\r\n").answer()
		assert.Equal(t, 401, status, head)
	}
}

// A byte now and then keeps nothing open.
func TestATrickleEnds(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), impatient())
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\nX: ",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
		"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
	} {
		c := dial(t, s).send(head)
		over := make(chan struct{})
		go func() {
			defer close(over)
			c.closed()
		}()
		drip := time.NewTicker(100 * time.Millisecond)
		for open := true; open; {
			select {
			case <-over:
				open = false
			case <-drip.C:
				_, _ = io.WriteString(c, "x") // until it is closed
			}
		}
		drip.Stop()
	}
}

// A line that is slow, but goes on, may take much longer than any pause.
func TestASlowLineIsWaitedFor(t *testing.T) {
	t.Parallel()
	bounds := impatient()
	s := open(t, shop(), bounds)
	const part, parts = 4 << 10, 40
	c := dial(t, s).send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", part*parts))
	began := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range parts {
		c.send(strings.Repeat("x", part))
		<-tick.C
	}
	status, body := c.answer()
	require.Equal(t, 200, status)
	require.Equal(t, fmt.Sprint(part*parts), body)
	require.Greater(t, time.Since(began), 2*bounds.Within)
}

// A client that writes all before it reads sees its refusal, and does not find the connection broken.
func TestWhatIsRefusedIsReadOn(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), web.Defaults())
	for _, size := range []int{50, 200 << 10, 31 << 20} {
		c := dial(t, s).send(fmt.Sprintf("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size))
		_, err := c.Write(bytes.Repeat([]byte("x"), size))
		require.NoError(t, err, "%d bytes", size)
		status, body := c.answer()
		require.Equal(t, 401, status)
		require.Equal(t, "no", body)
	}
}

// A refused call whose body has come leaves the connection as good as it was.
func TestASmallRestIsNoReasonToHangUp(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), web.Defaults())
	c := dial(t, s)
	for range 3 {
		status, _ := c.send("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").answer()
		require.Equal(t, 401, status)
		status, _ = c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").answer()
		require.Equal(t, 200, status)
	}
	// And several at once.
	c.send(strings.Repeat("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 5))
	for range 5 {
		status, _ := c.answer()
		require.Equal(t, 401, status)
	}
}

// An idle connection ends in a time of its own, not in a request's.
func TestAnIdleConnectionMayBeUsedAgain(t *testing.T) {
	t.Parallel()
	bounds := impatient()
	bounds.IdleWithin = time.Hour
	c := dial(t, open(t, shop(), bounds))
	for range 2 {
		status, _ := c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
		require.Equal(t, 200, status)
		pause := time.NewTimer(4 * bounds.Within)
		<-pause.C
	}
}

func TestAnIdleConnectionEnds(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), impatient())
	c := dial(t, s)
	status, _ := c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
	require.Equal(t, 200, status)
	c.closed()
}

// Who is sent more than they take is not waited for either.
func TestAnAnswerThatNobodyTakesEnds(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				failed <- err
				return
			}
		}
	}), impatient())
	dial(t, s).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case err := <-failed:
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	case <-time.After(generous):
		require.Fail(t, "it is still being written")
	}
}

// Answers that nobody takes end the connection on which they pile up.
func TestAPipelineThatNobodyDrainsEnds(t *testing.T) {
	t.Parallel()
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 64<<10)) }), impatient())
	c := dial(t, s)
	var err error
	for err == nil {
		_, err = io.WriteString(c, strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100))
	}
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// A handler may time its answer itself, as streams do: this client takes nothing for longer than others may.
func TestAHandlerMayHaveItsOwnTimes(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	bounds := impatient()
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(generous))
		_, _ = w.Write(make([]byte, size))
	}), bounds)
	c := dial(t, s).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	late := time.NewTimer(3 * bounds.Within)
	<-late.C
	_, body := c.answer()
	require.Len(t, body, size)
}

// Between two parts of an answer its handler may take its time.
func TestAnAnswerMayComeInParts(t *testing.T) {
	t.Parallel()
	bounds := impatient()
	s := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			pause := time.NewTimer(2 * bounds.Within)
			<-pause.C
		}
	}), bounds)
	_, body := dial(t, s).send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()
	require.Equal(t, "xxx", body)
}

// No handler reads without an end, whether or not it thought of one.
func TestABodyHasAnEnd(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), web.Defaults())
	for _, head := range []string{"Content-Length: 40000000", "Transfer-Encoding: chunked"} {
		c := dial(t, s).send("POST / HTTP/1.1\r\nHost: x\r\n" + head + "\r\n\r\n")
		go func() {
			part := "10000\r\n" + strings.Repeat("x", 64<<10) + "\r\n" // a chunk, if these are chunks
			for {
				if _, err := io.WriteString(c, part); err != nil {
					return
				}
			}
		}()
		status, _ := c.answer()
		require.Equal(t, 400, status)
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), impatient())
	c := dial(t, s).send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 64<<10))
	status, _ := c.answer()
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
	c.closed()
}

// HTTP/2 without TLS is not spoken: it would bring other limits with it.
func TestOnlyHTTP1IsSpoken(t *testing.T) {
	t.Parallel()
	s := open(t, shop(), impatient())
	c := dial(t, s).send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	line, err := c.in.ReadString('\n')
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, "HTTP/1.1 "), line)
	c.closed()
	up := dial(t, s).send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
	status, _ := up.answer()
	require.Equal(t, 200, status)
}
