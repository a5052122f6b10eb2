package longrun

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"shiming/activities"
	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows"
)

var howMany = flag.Int("acts", 600, "how many acts; `make longrun` takes 10,000")

// suggestedAfter is how many events a run has when the engine suggests to continue it; 4,096 unless told otherwise.
const suggestedAfter = 400

func TestMain(m *testing.M) {
	stacktest.Main(m, stacktest.WithTemporal(devstack.TemporalOptions{
		SearchAttributes: registration.SearchAttributes(),
		DynamicConfig:    map[string]any{"limit.historyCount.suggestContinueAsNew": suggestedAfter},
	}))
}

// place is a registration under review that one reviewer has claimed, with what it runs on.
type place struct {
	t      *testing.T
	store  *postgres.Store
	engine *engine.Engine
	app    registration.Application
}

func newPlace(t *testing.T) *place {
	t.Helper()
	store := storetest.Open(t)
	c, queue := stacktest.Temporal(t), stacktest.TaskQueue(t)
	w := worker.New(c, queue, worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.Boundary{Log: slog.New(slog.DiscardHandler)}}})
	workflows.Register(w)
	w.RegisterActivity(store.Steps())
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	p := &place{t: t, store: store, engine: engine.Over(c, client.DefaultNamespace, queue)}
	p.open()
	return p
}

func soon() engine.Wait {
	until := time.Now().Add(time.Minute)
	return engine.Wait{Taken: until, Done: until}
}

func (p *place) open() {
	p.t.Helper()
	ctx, id := p.t.Context(), registration.NewID("reg")
	require.NoError(p.t, p.store.NewSubject(ctx, id))
	applicant, err := p.store.Put(ctx, postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"})
	require.NoError(p.t, err)
	person, err := p.store.Put(ctx, postgres.Own(id), dossier.PurposeIdentity, dossier.Person{Holder: "张三", IDNumber: "110101198001010010"})
	require.NoError(p.t, err)
	p.app = registration.Application{
		RegistrationID: id, AccountID: "acct-" + registration.NewID("x"), Kind: registration.Individual, Locale: registration.English,
		ApplicantRef: applicant, IdentityRef: person,
	}
	_, err = p.engine.Open(ctx, p.app, registration.NewID("open"), soon())
	require.NoError(p.t, err)
	_, err = p.store.SetContact(ctx, id, dossier.Contact{Email: "a@example.com", Phone: "13800000000", Address: "1 Harbour Road"})
	require.NoError(p.t, err)
	for _, slot := range registration.RequiredSlots(registration.Individual, "") {
		_, err = p.store.SetDocument(ctx, id, postgres.NewDocument{BlobKey: registration.NewID("blb"), Document: registration.Document{
			Slot: slot, SHA256: strings.Repeat("a", 64), Size: 1, ContentType: "image/png", At: time.Now(),
		}})
		require.NoError(p.t, err)
	}
	require.NoError(p.t, p.act(registration.ActSubmit, registration.ByApplicant, nil))
	_, err = p.store.Pool().Exec(ctx, `update reviews set assignee = 'somebody else' where subject_id = $1`, id)
	require.NoError(p.t, err)
}

// act does what the API does.
func (p *place) act(kind registration.Act, by registration.Actor, input any) error {
	p.t.Helper()
	ctx := context.Background()
	args := registration.ActArgs{ActID: registration.NewID("act"), RegistrationID: p.app.RegistrationID, Actor: by}
	begun, refusal, err := p.store.BeginAct(ctx, postgres.Act{ID: args.ActID, RegistrationID: args.RegistrationID, Act: kind, Actor: by}, dossier.PurposeDecision, input)
	require.NoError(p.t, err)
	require.Nil(p.t, refusal)
	if begun.InputRef != nil {
		args.InputRef = *begun.InputRef
	}
	answer, err := p.engine.Act(ctx, registration.WorkflowID(p.app.AccountID), kind, args, soon())
	require.NoError(p.t, p.store.Acknowledge(ctx, args.RegistrationID, answer.Version))
	return err
}

// decide decides as a reviewer who has not claimed the review: refused, and written down.
func (p *place) decide() {
	p.t.Helper()
	err := p.act(registration.ActDecide, "reviewer:chen", dossier.Decision{Reviewer: "chen", Decision: "approve"})
	var refusal *registration.Refusal
	require.ErrorAs(p.t, err, &refusal)
	require.Equal(p.t, registration.CodeClaimedByOther, refusal.Code)
}

// runs reads the history of each run of the registration, newest first.
func (p *place) runs() []*historypb.History {
	p.t.Helper()
	var all []*historypb.History
	for runID := ""; ; {
		h := &historypb.History{}
		it := p.engine.Client().GetWorkflowHistory(p.t.Context(), registration.WorkflowID(p.app.AccountID), runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for it.HasNext() {
			e, err := it.Next()
			require.NoError(p.t, err)
			h.Events = append(h.Events, e)
		}
		all = append(all, h)
		if runID = h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(); runID == "" {
			return all
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse >> 20
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

// Acts without end never wedge a registration: it is continued as new again and again, no run grows long, and at the end it
// is as quick as at the beginning.
func TestActsWithoutEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	took := make([]time.Duration, *howMany)
	var before uint64
	for i := range took {
		began := time.Now()
		p.decide()
		took[i] = time.Since(began)
		if i == *howMany/10 {
			before = heap()
		}
	}
	after := heap()
	runs := p.runs()
	tenth := *howMany / 10
	t.Logf("%d acts, %d runs; the median act took %s in the first tenth and %s in the last; heap %d MiB after the first tenth, %d MiB at the end",
		*howMany, len(runs), median(took[:tenth]), median(took[len(took)-tenth:]), before, after)
	const eventsAnAct = 6
	require.Greater(t, len(runs), *howMany*eventsAnAct/suggestedAfter/2, "continued as often as suggested")
	for _, h := range runs {
		require.Less(t, len(h.GetEvents()), suggestedAfter+10*eventsAnAct, "no run grows long")
	}
	require.Less(t, after, before+64, "memory does not grow with the acts")

	require.NoError(t, p.act(registration.ActWithdraw, registration.ByApplicant, nil), "and it can be withdrawn like any other")
	v, err := p.store.View(t.Context(), p.app.RegistrationID)
	require.NoError(t, err)
	require.Equal(t, registration.Withdrawn, v.State)
	p.record(p.runs())
}

// recordTo names the folder that histories are recorded to; `make histories` sets it.
const recordTo = "SHIMING_RECORD_HISTORIES"

// record keeps a run that was continued and the last one, which was a continuation, for the replay tests.
func (p *place) record(runs []*historypb.History) {
	p.t.Helper()
	dir := os.Getenv(recordTo)
	if dir == "" {
		return
	}
	require.Greater(p.t, len(runs), 2)
	var errs []error
	for i, h := range []*historypb.History{runs[0], runs[1]} {
		path := filepath.Join(dir, fmt.Sprintf("ActsWithoutEnd-IndividualRegistration-%d.json", i+1))
		if _, err := os.Stat(path); err == nil { // what was recorded stays as it was
			continue
		}
		text, err := protojson.Marshal(h)
		errs = append(errs, err, os.WriteFile(path, text, 0o600))
	}
	require.NoError(p.t, errors.Join(errs...))
}
