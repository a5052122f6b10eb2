package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"shiming/bench/people"
)

// reads measures how long the status of a registration takes to read, against one select behind a bare handler, in a small database and
// in a large one.
func reads(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	bare, err := s.startBare(ctx)
	if err != nil {
		return err
	}
	cases, err := prepareMany(ctx, c.platform(), o.readable())
	if err != nil {
		return err
	}
	var result readsResult
	for _, rows := range o.sizes() {
		if err := grow(ctx, c, rows); err != nil {
			return err
		}
		r := readSize{Rows: rows}
		reader := &reading{backend: newBackend(s, time.Minute), bare: bare, cases: cases}
		if _, err := reader.compare(ctx, o.readsEach()/10); err != nil { // caches are filled
			return err
		}
		if r.Alone, err = reader.compare(ctx, o.readsEach()); err != nil {
			return err
		}
		if r.Ours, r.Theirs, err = reader.cpu(ctx, c, o.readsEach()); err != nil {
			return err
		}
		result.Sizes = append(result.Sizes, r)
	}
	return o.report(out, "reads", result)
}

func prepareMany(ctx context.Context, p *people.Platform, n int) ([]*people.Case, error) {
	cases := make([]*people.Case, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * atOnce)
	for i := range cases {
		group.Go(func() (err error) {
			cases[i], err = p.Prepare(ctx)
			return err
		})
	}
	return cases, group.Wait()
}

// grow fills the database up to about so many registrations.
func grow(ctx context.Context, c *counter, rows int) error {
	var have int
	if err := c.product.QueryRow(ctx, `select count(*) from registrations`).Scan(&have); err != nil {
		return err
	}
	if times := rows/have - 1; times > 0 {
		if err := clone(ctx, c.product, strconv.Itoa(rows)+"x", times); err != nil {
			return err
		}
	}
	return analyse(ctx, c.product)
}

// reading reads registrations in turn, from the API and from the bare server.
type reading struct {
	backend *backend
	bare    string
	lines   lines // to the bare server
	cases   []*people.Case
	next    int
}

// read gets a registration from a server.
func (r *reading) read(ctx context.Context, l *lines, base, token string, n int) (time.Duration, error) {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/registrations/"+r.cases[n%len(r.cases)].ID, http.NoBody)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	got, err := l.exchange(req, began.Add(r.backend.patience))
	if err != nil {
		return 0, err
	}
	if got.status != http.StatusOK {
		return 0, fmt.Errorf("a read was answered %d", got.status)
	}
	return time.Since(began), nil
}

func (r *reading) ours(ctx context.Context, n int) (time.Duration, error) {
	return r.read(ctx, &r.backend.lines, r.backend.url, r.backend.token, n)
}

func (r *reading) theirs(ctx context.Context, n int) (time.Duration, error) {
	return r.read(ctx, &r.lines, r.bare, r.backend.token, n)
}

// compare reads by turns, one at a time.
func (r *reading) compare(ctx context.Context, n int) (comparison, error) {
	var ours, theirs []time.Duration
	for range n {
		r.next++
		a, err := r.ours(ctx, r.next)
		if err != nil {
			return comparison{}, err
		}
		b, err := r.theirs(ctx, r.next)
		if err != nil {
			return comparison{}, err
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	return compare(ours, theirs), nil
}

// cpu reads from one after the other with several callers, and counts CPU and statements a read.
func (r *reading) cpu(ctx context.Context, c *counter, n int) (ours, theirs readCost, err error) {
	c.careless, c.stayOpen = true, len(r.cases)
	count := func(process string, read func(context.Context, int) (time.Duration, error)) (readCost, error) {
		got, err := c.count(ctx, n, func(ctx context.Context) error { return readAll(ctx, n, read) })
		each := func(sum float64) float64 { return sum / float64(n) }
		return readCost{
			ProcessCPU: each(ms(got.cpu[process])), PostgresCPU: each(ms(got.cpu[postgresProcess])),
			Statements: each(float64(got.work[productDatabase].Statements)), Controls: each(float64(got.work[productDatabase].Controls)),
		}, err
	}
	if ours, err = count(apiProcess, r.ours); err != nil {
		return ours, theirs, err
	}
	theirs, err = count(bareCommand, r.theirs)
	return ours, theirs, err
}

const readers = 4

func readAll(ctx context.Context, n int, read func(context.Context, int) (time.Duration, error)) error {
	var mu sync.Mutex
	var next int
	group, ctx := errgroup.WithContext(ctx)
	for range readers {
		group.Go(func() error {
			for {
				mu.Lock()
				next++
				mine := next
				mu.Unlock()
				if mine > n {
					return nil
				}
				if _, err := read(ctx, mine); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}
