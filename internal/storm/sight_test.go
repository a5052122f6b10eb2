package storm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"shiming/registration"
)

// sight is one account as everybody can see it.
type sight struct {
	Account   string
	Who       person
	View      *registration.View
	Timeline  []registration.TimelineEntry
	Statement []entry // of all its bank accounts, in their order
	Run       runSight

	Clearing         *registration.ClearingView
	ClearingTimeline []registration.TimelineEntry
	ClearingRun      runSight

	Told     []told
	Findings []finding
	Scanned  time.Time // when the administrator scanned last
	Payments int       // that its driver knows of; 0: it is not sure
}

// runSight is a run as the engine shows it.
type runSight struct {
	ID      string
	Status  enumspb.WorkflowExecutionStatus // unspecified: there is none
	State   string                          // the search attribute
	Failing int32                           // tries of a task that does not end
	Facts   *runFacts                       // nil: it does not answer
	Err     error
}

// runFacts is what a run says of itself.
type runFacts struct {
	State   registration.State `json:"state"`
	Version int64              `json:"version"`
}

func (r runSight) running() bool { return r.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING }

// finding is what the product found amiss itself.
type finding struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Subject   string    `json:"subject"`
	AccountID string    `json:"account_id"`
	Since     time.Time `json:"since"`
	Tried     any       `json:"tried"`
}

// scene is everything that can be seen at one moment.
type scene struct {
	Sights   []*sight // by account
	Ledger   []entry
	Inbox    []message
	Calls    []*messageCall
	Writers  map[string][]*life  // of a notice's row, by its id
	Running  map[string][]string // ids of the workflows that run, by their type
	Findings []finding
	Listed   bool   // the product has a list of findings
	Outages  []span // of the database
}

// look takes everything in.
func (w *world) look(ctx context.Context, b *backend, drivers []*driver) (*scene, error) {
	s := &scene{Calls: w.book.all(), Writers: w.book.wroteTo(), Outages: w.servers.database.away()}
	var err error
	if s.Ledger, err = w.outside.statement(ctx, ""); err != nil {
		return nil, err
	}
	if s.Inbox, err = w.outside.inbox(ctx, ""); err != nil {
		return nil, err
	}
	if s.Running, err = w.running(ctx); err != nil {
		return nil, err
	}
	if s.Findings, s.Listed, err = b.findings(ctx); err != nil {
		return nil, err
	}
	views, err := listed(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, d := range drivers {
		s.Sights = append(s.Sights, &sight{Account: d.account, Who: d.who, View: views[d.account], Told: b.toldOf(d.account), Scanned: d.scanned, Payments: d.payments})
	}
	return s, w.fill(ctx, b, s, drivers)
}

// fill looks at each account; a few at a time.
func (w *world) fill(ctx context.Context, b *backend, s *scene, drivers []*driver) error {
	errs := make([]error, len(s.Sights))
	var all sync.WaitGroup
	turn := make(chan struct{}, 6)
	for i, one := range s.Sights {
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			errs[i] = w.lookAt(ctx, b, one, drivers[i])
			for _, f := range s.Findings {
				if f.AccountID == one.Account {
					one.Findings = append(one.Findings, f)
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (w *world) lookAt(ctx context.Context, b *backend, s *sight, d *driver) error {
	if s.View == nil {
		s.Run = w.runOf(ctx, registration.WorkflowID(s.Account))
		return nil
	}
	var timeline struct{ Items []registration.TimelineEntry }
	if err := b.get(ctx, "/v1/registrations/"+s.View.ID+"/timeline", platform, &timeline); err != nil {
		return err
	}
	s.Timeline = timeline.Items
	for _, account := range d.accounts {
		entries, err := w.outside.statement(ctx, account)
		if err != nil {
			return err
		}
		s.Statement = append(s.Statement, entries...)
	}
	s.Run = w.runOf(ctx, registration.WorkflowID(s.Account))
	return w.lookAtClearing(ctx, b, s, d)
}

func (w *world) lookAtClearing(ctx context.Context, b *backend, s *sight, d *driver) error {
	if d.Clears == "" || s.View.State != registration.Approved {
		return nil
	}
	var v registration.ClearingView
	err := b.get(ctx, d.clearingAt(""), platform, &v)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s.Clearing = &v
	var timeline struct{ Items []registration.TimelineEntry }
	if err := b.get(ctx, "/v1/identity-clearings/"+v.ID+"/timeline", ops, &timeline); err != nil {
		return err
	}
	s.ClearingTimeline = timeline.Items
	s.ClearingRun = w.runOf(ctx, registration.ClearingWorkflowID(s.Account))
	return nil
}

// runOf asks the engine for the newest run of a workflow, and the run itself.
func (w *world) runOf(ctx context.Context, id string) runSight {
	r := runSight{ID: id}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	described, err := w.engine.DescribeWorkflowExecution(ctx, id, "")
	if missing := new(serviceerror.NotFound); errors.As(err, &missing) {
		return r
	}
	if err != nil {
		r.Err = err
		return r
	}
	info := described.GetWorkflowExecutionInfo()
	r.Status = info.GetStatus()
	if state := info.GetSearchAttributes().GetIndexedFields()[registration.AttrState]; state != nil {
		r.Err = converter.GetDefaultDataConverter().FromPayload(state, &r.State)
	}
	if task := described.GetPendingWorkflowTask(); task.GetAttempt() > 1 {
		r.Failing = task.GetAttempt()
	}
	if r.running() {
		r.Facts, err = w.factsOf(ctx, id)
		r.Err = errors.Join(r.Err, err)
	}
	return r
}

// factsOf queries a run; nil if it knows no such query.
func (w *world) factsOf(ctx context.Context, id string) (*runFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, 12*time.Second)
	defer cancel()
	answer, err := w.engine.QueryWorkflow(ctx, id, "", "facts")
	switch {
	case err != nil && strings.Contains(err.Error(), "unknown queryType"):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("query facts: %w", err)
	}
	var f runFacts
	return &f, answer.Get(&f)
}

// running lists every open workflow but the anchor, which runs for ever.
func (w *world) running(ctx context.Context) (map[string][]string, error) {
	all, next := map[string][]string{}, []byte(nil)
	for {
		page, err := w.engine.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'", PageSize: 500, NextPageToken: next})
		if err != nil {
			return nil, err
		}
		for _, e := range page.GetExecutions() {
			kind := e.GetType().GetName()
			if kind == registration.AnchorWorkflow {
				continue
			}
			all[kind] = append(all[kind], e.GetExecution().GetWorkflowId())
		}
		if next = page.GetNextPageToken(); len(next) == 0 {
			return all, nil
		}
	}
}

// findings reads the product's own list of what it found amiss; listed is false if it has none.
func (b *backend) findings(ctx context.Context) (all []finding, listed bool, err error) {
	for path := "/v1/findings?open=true"; path != ""; {
		var page struct {
			Items      []finding
			NextCursor *string `json:"next_cursor"`
		}
		err := b.get(ctx, path, ops, &page)
		if errors.Is(err, errNotFound) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		all, path = append(all, page.Items...), ""
		if page.NextCursor != nil && *page.NextCursor != "" {
			path = "/v1/findings?open=true&cursor=" + url.QueryEscape(*page.NextCursor)
		}
	}
	return all, true, nil
}

// listed reads every registration there is, by account.
func listed(ctx context.Context, b *backend) (map[string]*registration.View, error) {
	all := map[string]*registration.View{}
	for path := "/v1/registrations?limit=100"; path != ""; {
		var page struct {
			Items      []registration.View
			NextCursor *string `json:"next_cursor"`
		}
		if err := b.get(ctx, path, platform, &page); err != nil {
			return nil, err
		}
		path = ""
		for _, v := range page.Items {
			if all[v.AccountID] == nil {
				all[v.AccountID] = &v
			}
		}
		if page.NextCursor != nil && *page.NextCursor != "" {
			path = "/v1/registrations?limit=100&cursor=" + url.QueryEscape(*page.NextCursor)
		}
	}
	return all, nil
}

var errNotFound = errors.New("not found")

// get reads from the first API that answers.
func (b *backend) get(ctx context.Context, path, token string, into any) error {
	var last error
	for try := range 6 {
		status, _, body, err := b.send(ctx, b.apis[try%len(b.apis)], http.MethodGet, path, token, "", nil)
		switch {
		case err != nil:
			last = err
		case status == http.StatusNotFound:
			return errNotFound
		case status != http.StatusOK:
			last = fmt.Errorf("GET %s: %d %s", path, status, body)
		default:
			return decode(body, into)
		}
		pause(ctx, time.Second)
	}
	return last
}

// toldOf is a copy of what was asked for an account and answered.
func (b *backend) toldOf(account string) (all []told) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.told {
		if t.Account == account {
			all = append(all, *t)
		}
	}
	return all
}

// types lists the types of what runs.
func (s *scene) types() []string { return slices.Sorted(maps.Keys(s.Running)) }
