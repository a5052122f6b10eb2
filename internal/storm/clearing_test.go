package storm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"shiming/registration"
)

func (d *driver) clearingAt(more string) string {
	return "/v1/accounts/" + d.account + "/identity-clearing" + more
}

// clears takes the clearing of an approved account one step on.
func (d *driver) clears(ctx context.Context) {
	if d.clearing == "" {
		d.asksToClear(ctx)
		return
	}
	var v registration.ClearingView
	if !d.read(ctx, d.pass, d.clearingAt(""), platform, &v) || v.Processing {
		return
	}
	switch {
	case v.State.Final():
		d.ended = true
	case v.State == registration.MaterialsRequired && d.Clears == "withdrawn":
		d.expect(ctx, d.clearingAct(ctx, "clearing_withdraw", http.MethodPost, "/withdraw", nil))
	case v.State == registration.MaterialsRequired:
		d.handsInMaterials(ctx, v)
	case v.State == registration.UnderReview:
		d.decidesClearing(ctx)
	}
}

func (d *driver) clearingAct(ctx context.Context, act, method, more string, body any) *told {
	return d.act(ctx, d.pass, ask{
		account: d.account, act: act, method: method, path: d.clearingAt(more), token: platform, body: body, watch: d.clearingAt(""),
	})
}

func (d *driver) asksToClear(ctx context.Context) {
	t := d.clearingAct(ctx, "clearing_open", http.MethodPost, "", map[string]any{
		"holder_name": d.who.Name, "id_number": d.who.IDNumber, "reason": "已离职",
	})
	var v registration.ClearingView
	if t.Status == http.StatusCreated && json.Unmarshal(t.Body, &v) == nil {
		d.clearing = v.ID
		return
	}
	d.surprised(ctx, t)
}

func (d *driver) handsInMaterials(ctx context.Context, v registration.ClearingView) {
	for _, slot := range registration.RequiredClearingSlots() {
		if !slices.ContainsFunc(v.Documents, func(doc registration.Document) bool { return doc.Slot == slot }) {
			d.expect(ctx, d.clearingAct(ctx, "clearing_document", http.MethodPut, "/documents/"+string(slot), scan(fmt.Sprint(d.N, slot))))
			return
		}
	}
	d.expect(ctx, d.clearingAct(ctx, "clearing_submit", http.MethodPost, "/submit", nil))
}

func (d *driver) decidesClearing(ctx context.Context) {
	act, verdict := "clearing_approve", map[string]any{"decision": "approve"}
	if d.Clears == "rejected" {
		act = "clearing_reject"
		verdict = map[string]any{"decision": "reject", "final": true, "reasons": []map[string]any{{"field": "documents.handheld", "code": "unreadable", "message": "看不清"}}}
	}
	d.expect(ctx, d.act(ctx, d.pass, ask{
		account: d.account, act: act, method: http.MethodPost, path: "/v1/reviews/" + d.clearing + "/decision", token: reviewer, body: verdict,
		watch: d.clearingAt(""),
	}))
}
