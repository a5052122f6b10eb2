package storm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// databaseLine carries a process's words to PostgreSQL and back, and knows a commit when it sees one. The kill falls while the
// line holds the word: "before" means that the server never hears the commit, "after" that the process never hears of its success.
type databaseLine struct {
	process  *process
	target   string
	book     *callBook
	listener net.Listener
}

func newDatabaseLine(ctx context.Context, p *process, target string, book *callBook) (*databaseLine, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &databaseLine{process: p, target: target, book: book, listener: l}
	go d.accept(ctx)
	return d, nil
}

func (d *databaseLine) accept(ctx context.Context) {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		far, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.target)
		if err != nil {
			_ = near.Close() // the server is away: so it is for the process
			continue
		}
		c := &conversation{life: d.process.now(), book: d.book, near: near, far: far, statements: map[string][]string{}}
		go c.carry(c.ask, far)
		go c.carry(c.answer, near)
	}
}

// conversation is one connection. Both directions share what is under mu.
type conversation struct {
	life      *life
	book      *callBook
	near, far net.Conn

	mu         sync.Mutex
	statements map[string][]string // the tables that a prepared statement writes, by its name
	open       bool                // in a transaction that was begun in words
	tables     []string            // written in this transaction
	committing []string            // of the commit whose answer is awaited; nil: none is
	failed     bool
}

var errStruck = errors.New("killed at its point")

func (c *conversation) carry(pump func() error, to net.Conn) {
	_ = pump() // whatever ended it ends both ways
	_ = c.near.Close()
	_ = c.far.Close()
	_ = to.Close()
}

// ask passes on what the process says.
func (c *conversation) ask() error {
	if err := c.greet(); err != nil {
		return err
	}
	return carried(c.near, c.far, func(kind byte, body []byte) error {
		tables, commits := c.heard(kind, body)
		if commits && c.life.passes(points(beforeCommit, beforeStepCommit, tables)...) {
			return errStruck
		}
		return nil
	})
}

// answer passes on what the server says.
func (c *conversation) answer() error {
	return carried(c.far, c.near, func(kind byte, body []byte) error {
		if tables := c.told(kind, body); tables != nil && c.life.passes(points(afterCommit, afterStepCommit, tables)...) {
			return errStruck
		}
		return nil
	})
}

// points are those that a commit passes: every one the first, a step's the second too.
func points(every, steps point, tables []string) []point {
	if slices.Contains(tables, "timeline") {
		return []point{every, steps}
	}
	return []point{every}
}

// greet passes on the first message, which has no type.
func (c *conversation) greet() error {
	var size [4]byte
	if _, err := io.ReadFull(c.near, size[:]); err != nil {
		return err
	}
	rest := make([]byte, max(0, int(binary.BigEndian.Uint32(size[:]))-len(size)))
	if _, err := io.ReadFull(c.near, rest); err != nil {
		return err
	}
	_, err := c.far.Write(append(size[:], rest...))
	return err
}

// carried passes on typed messages, each after it was looked at.
func carried(from io.Reader, to io.Writer, look func(kind byte, body []byte) error) error {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		body := make([]byte, max(0, int(binary.BigEndian.Uint32(head[1:]))-4))
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		if err := look(head[0], body); err != nil {
			return err
		}
		if _, err := to.Write(append(head[:5:5], body...)); err != nil {
			return err
		}
	}
}

// The messages of PostgreSQL's protocol that matter here.
const (
	msgParse, msgBind, msgQuery, msgSync = 'P', 'B', 'Q', 'S'
	msgError, msgReady                   = 'E', 'Z'
	idle                                 = 'I'
)

// heard takes in what the process says. commits: this message makes what was written last, in these tables.
func (c *conversation) heard(kind byte, body []byte) (tables []string, commits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kind {
	case msgParse:
		name, rest := word(body)
		text, _ := word(rest)
		c.statements[name] = written(text)
	case msgBind:
		_, rest := word(body)
		name, values := word(rest)
		c.tables = append(c.tables, c.statements[name]...)
		if slices.Contains(c.statements[name], "notices") {
			c.book.wrote(c.life, noticeID.FindAllString(string(values), -1)...)
		}
	case msgQuery:
		text, _ := word(body)
		switch verb := strings.ToLower(strings.TrimSpace(text)); {
		case strings.HasPrefix(verb, "begin"):
			c.open, c.tables = true, nil
		case verb == "commit":
			c.open = false
			return c.commit()
		case verb == "rollback":
			c.open, c.tables = false, nil
		default:
			c.tables = append(c.tables, written(text)...)
			if !c.open {
				return c.commit()
			}
		}
	case msgSync:
		if !c.open {
			return c.commit()
		}
	}
	return nil, false
}

// commit reports what is about to be committed, if anything was written.
func (c *conversation) commit() ([]string, bool) {
	tables := c.tables
	c.tables = nil
	if len(tables) == 0 {
		return nil, false
	}
	c.committing, c.failed = tables, false
	return tables, true
}

// told takes in what the server says, and returns the tables of a commit that this message confirms.
func (c *conversation) told(kind byte, body []byte) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case kind == msgError:
		c.failed = true
	case kind == msgReady && len(body) == 1 && body[0] == idle:
		tables := c.committing
		c.committing = nil
		if !c.failed {
			return tables
		}
	}
	return nil
}

// word splits at the first zero.
func word(b []byte) (string, []byte) {
	before, after, _ := bytes.Cut(b, []byte{0})
	return string(before), after
}

var noticeID = regexp.MustCompile(`ntc_[a-z2-7]{26}`)

var writing = regexp.MustCompile(`(?i)\b(?:insert\s+into|update|delete\s+from)\s+([a-z_]+)`)

// written lists the tables that a statement writes.
func written(statement string) (tables []string) {
	for _, m := range writing.FindAllStringSubmatch(statement, -1) {
		// "for update of", "on conflict do update set" and the like name none.
		if table := strings.ToLower(m[1]); !slices.Contains([]string{"set", "skip", "of", "nowait"}, table) {
			tables = append(tables, table)
		}
	}
	return tables
}
