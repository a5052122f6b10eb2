package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// report sends a webhook as its party does.
func (w *world) report(from, secret, messageID string, at time.Time, body string) answer {
	w.t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	require.NoError(w.t, err)
	signature, err := hook.Sign(messageID, at, []byte(body))
	require.NoError(w.t, err)
	c := call{w: w, header: http.Header{
		"Webhook-Id": {messageID}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {signature},
	}}
	return c.post("/v1/webhooks/"+from, body)
}

const unknownTransfer = `{"type": "transfer.settled", "key": "shm_nobody"}`

func TestReportsAreTakenOnlyWithASignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.as("").post("/v1/webhooks/bank", unknownTransfer).refused(401, "unauthorized")
	w.as("platform").post("/v1/webhooks/bank", unknownTransfer).refused(401, "unauthorized")
	w.report("bank", walletSecret, "msg_1", now, unknownTransfer).refused(401, "unauthorized")
	w.report("bank", bankSecret, "msg_1", now.Add(-6*time.Minute), unknownTransfer).refused(401, "unauthorized")
	w.report("bank", bankSecret, "msg_1", now.Add(6*time.Minute), unknownTransfer).refused(401, "unauthorized")
	w.report("bank", bankSecret, "msg 1", now, unknownTransfer).refused(401, "unauthorized")
	require.Zero(t, w.count(`select count(*) from reports`))
	// Signed but unreadable: only who signs learns that.
	w.report("bank", bankSecret, "msg_1", now, "{").refused(400, "malformed_request")
	w.report("bank", bankSecret, "msg_1", now, `{"type": "transfer.invented", "key": "k"}`).refused(422, "invalid_request")
	w.report("bank", bankSecret, "msg_1", now, `{"type": "transfer.sent"}`).refused(422, "invalid_request")
	w.report("bank", bankSecret, "msg_1", now, `{"type": "transfer.sent", "key": "a\u0000b"}`).refused(422, "invalid_request")
	w.report("bank", bankSecret, "msg_1", now, `{"type": "transfer.sent", "key": "k", "more": 1}`).refused(422, "invalid_request")
	w.report("bank", bankSecret, "msg_1", now, `{"type": "transfer.sent", "key": "`+strings.Repeat("k", 70<<10)+`"}`).refused(413, "document_too_large")
	require.Zero(t, w.count(`select count(*) from reports`))
}

func TestBothSecretsAreGoodWhileOneIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.report("bank", bankSecret, "msg_1", time.Now(), unknownTransfer).ok(202)
	w.report("bank", oldBankSecret, "msg_2", time.Now(), unknownTransfer).ok(202)
	require.Equal(t, 2, w.count(`select count(*) from reports where registration_id is null`))
}

func TestAnUnknownKeyIsKeptOnceForOps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.report("bank", bankSecret, "msg_1", time.Now(), unknownTransfer).ok(202)
	}
	require.Equal(t, 1, w.count(`select count(*) from reports`))
}

func TestWalletReportsNameAPersonOrNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "enterprise")
	session := w.as("platform").post(path+"/admin-session", map[string]any{"role": "authorized_agent"}).ok(200).Body["session_id"].(string)
	report := func(id, body string) answer { return w.report("wallet", walletSecret, id, time.Now(), body) }
	report("m1", `{"type": "session.verified", "session_id": "`+session+`"}`).refused(422, "invalid_request")
	report("m1", `{"type": "session.verified", "session_id": "`+session+`", "holder_name": "王五", "id_number": "110101199003077759"}`).refused(422, "id_number_invalid")
	report("m1", `{"type": "session.failed", "session_id": "`+session+`"}`).ok(200)
	require.Equal(t, true, report("m2", `{"type": "session.verified", "session_id": "`+session+`", "holder_name": "王五", "id_number": "`+person(t, 4).id+`"}`).ok(200).Body["known"])
	require.Equal(t, false, report("m3", `{"type": "session.failed", "session_id": "ses_unknown"}`).ok(202).Body["known"])
	require.Equal(t, 1, w.count(`select count(*) from outbox where kind = 'signal'`), "once for both")
	require.Zero(t, w.count(`select count(*) from outbox where payload::text like '%`+person(t, 4).id+`%'`))
}
