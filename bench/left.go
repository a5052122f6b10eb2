package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"shiming/registration"
)

// left is what exists of what was not accepted.
type left struct {
	rows     int // registrations
	runs     int // of the engine, open
	subjects int // data keys and what they seal, of nobody's
}

func (l left) String() string {
	return fmt.Sprintf("%d registrations, %d runs, %d sealed applicants", l.rows, l.runs, l.subjects)
}

const lookEvery = 5 * time.Second

// reportLeft says what exists of what was refused, at once and after the collection. A call without an answer may have come to
// be: its caller was not told that it had not, and asks again.
func reportLeft(ctx context.Context, s *stack, o options, answers []answer, out io.Writer) error {
	pool, err := pgxpool.New(ctx, s.servers.database)
	if err != nil {
		return err
	}
	defer pool.Close()
	engine, err := client.Dial(client.Options{HostPort: s.servers.address, Namespace: s.servers.namespace})
	if err != nil {
		return err
	}
	defer engine.Close()
	var refused []string
	for _, a := range answers {
		if !a.accepted() && a.status != 0 {
			refused = append(refused, a.account)
		}
	}
	began := time.Now()
	for first := true; ; first = false {
		l, err := lookFor(ctx, pool, engine, s.servers.namespace, refused)
		if err != nil {
			return err
		}
		if first {
			sayf(out, "of %d that were refused, there are at once: %v\n", len(refused), l)
		}
		if l == (left{}) || time.Since(began) > o.collected || ctx.Err() != nil {
			sayf(out, "after %.0f s: %v\n", time.Since(began).Seconds(), l)
			return nil
		}
		pause(ctx, lookEvery)
	}
}

func lookFor(ctx context.Context, pool *pgxpool.Pool, engine client.Client, namespace string, refused []string) (left, error) {
	var l left
	err := pool.QueryRow(ctx, `select (select count(*) from registrations where account_id = any($1)),
		(select count(*) from vault_keys k where k.subject like 'reg\_%' and not exists (select from registrations r where r.id = k.subject))`, refused).
		Scan(&l.rows, &l.subjects)
	if err != nil {
		return l, err
	}
	theirs := make(map[string]bool, len(refused))
	for _, account := range refused {
		theirs[registration.WorkflowID(account)] = true
	}
	var page []byte
	for {
		got, err := engine.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, PageSize: 1000, NextPageToken: page, Query: `ExecutionStatus = "Running"`,
		})
		if err != nil {
			return l, err
		}
		for _, run := range got.Executions {
			if theirs[run.Execution.WorkflowId] {
				l.runs++
			}
		}
		if page = got.NextPageToken; len(page) == 0 {
			return l, nil
		}
	}
}
