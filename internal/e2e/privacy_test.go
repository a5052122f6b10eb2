package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/encoding/protojson"

	enumspb "go.temporal.io/api/enums/v1"

	"shiming/internal/codec"
	"shiming/internal/devstack/storetest"
	"shiming/registration"
)

// Nothing that was handed in, and nothing that reviewers and ops wrote of it, may stand in the engine: not in clear text, and not under
// the codec either. The histories of every run of the product are searched as the server stores them and as the codec decodes them;
// the logs too, and what of it may stand nowhere in the database.
func TestNothingPersonalReachesEngineOrLogs(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	w := newWorld(t, withLog(&logs))
	one := w.submitted(t)
	said := []string{"邮箱退信，请换一个", "第二次才看清封面", "银行电话里确认到账", "运维已重新读取登记"}
	one.decide(map[string]any{"decision": "reject", "note": said[1], "reasons": []map[string]any{{"field": "contact.email", "code": "mismatch", "message": said[0]}}}).ok(200)
	require.Contains(t, string(one.get().Raw), said[0])
	one.put("/contact", map[string]any{"email": "other@example.com"}).ok(200)
	one.post("/submit", nil).inState("under_review")
	one.approve()
	two := w.confirmed(t)
	amounts := []string{two.amount(), strings.TrimPrefix(two.amount(), "0.")}
	two.details("business_licence")
	two.post("/submit", nil).inState("under_review")
	two.approve()
	three := w.open(t, "individual", newAccount("acct-"))
	three.post("/card", three.who.card("622203")).refused(422, "card_elements_mismatch")
	three.post("/withdraw", nil).inState("withdrawn")
	four := w.paid(t, "6789")
	four.ops(t).post(four.path("/payout/resolve"), map[string]any{"outcome": "failed", "reason": said[2]}).ok(200)
	require.NoError(t, w.store.Find(t.Context(), registration.FindingUndelivered, "ntc_none", "", "looked twice"))
	finding := w.ops(t).get("/v1/findings?open=true").ok(200).at("items").([]any)[0].(map[string]any)["id"].(string)
	w.ops(t).post("/v1/findings/"+finding+"/resolve", map[string]any{"reason": said[3]}).ok(200)

	secrets := []string{two.company.account(), two.company["legal_name"].(string), two.company["address"].(string), "135790"}
	for _, r := range []*reg{one, two, three} {
		secrets = append(secrets, r.who.Name, r.who.IDNumber, r.who.Phone, r.who.Email, r.who.contact()["address"].(string))
	}
	secrets = append(secrets, said...)
	storetest.RequireNowhere(t, storetest.Dump(t, w.store), append(said, two.company.account(), one.who.IDNumber, one.who.Phone, one.who.Email, two.who.IDNumber)...)
	histories := w.everyHistory(t)
	require.Contains(t, histories, "individual", "the search sees decoded payloads")
	for _, secret := range secrets {
		require.NotContains(t, histories, secret)
		require.NotContains(t, logs.String(), secret)
	}
	require.NotContains(t, histories, `"`+amounts[0]+`"`)
	require.NotContains(t, histories, `fen":`+strings.TrimLeft(amounts[1], "0"))
	// As a number of its own: not a part of a moment or of a duration.
	require.NotRegexp(t, `(^|[^0-9.:])`+regexp.QuoteMeta(amounts[0])+`($|[^0-9a-zµ])`, logs.String())
}

// everyHistory is every run of this world's task queue, stored and decoded, as JSON.
func (w *world) everyHistory(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	var token []byte
	for {
		page, err := w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "TaskQueue = '" + w.workerConfig.TaskQueue + "'", NextPageToken: token,
		})
		require.NoError(t, err)
		for _, e := range page.GetExecutions() {
			it := w.engine.GetWorkflowHistory(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for it.HasNext() {
				event, err := it.Next()
				require.NoError(t, err)
				all.WriteString(protojson.Format(event))
				all.WriteString(w.decoded(t, event))
			}
		}
		if token = page.GetNextPageToken(); token == nil {
			return all.String()
		}
	}
}

// decoded is what the codec makes of an event's payloads.
func (w *world) decoded(t *testing.T, event *historypb.HistoryEvent) string {
	t.Helper()
	var plain strings.Builder
	c := codec.Reader(w.keys)
	err := proxy.VisitPayloads(t.Context(), event, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			open, err := c.Decode(payloads)
			for _, p := range open {
				plain.Write(p.GetData())
			}
			return payloads, err
		},
	})
	require.NoError(t, err)
	return plain.String()
}
