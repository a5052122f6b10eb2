package tour

import (
	"context"
	"net/http"

	"shiming/internal/client"
	"shiming/registration"
)

// The reviewer's verbs.

func (a *actor) approve(ctx context.Context) {
	a.step("review: approve", func() error {
		if err := a.decide(ctx, map[string]any{"decision": "approve"}); err != nil {
			return err
		}
		return a.reach(ctx, registration.Approved)
	})
}

// sendBack rejects with one document that cannot be read.
func (a *actor) sendBack(ctx context.Context, slot registration.Slot) {
	a.step("review: ask for a correction", func() error {
		err := a.decide(ctx, map[string]any{
			"decision": "reject", "final": false,
			"reasons": []map[string]any{{
				"field": "documents." + string(slot), "code": "unreadable", "message": "印章不清晰,请重新扫描。",
			}},
		})
		if err != nil {
			return err
		}
		return a.reach(ctx, registration.CorrectionRequired)
	})
}

// decide claims the review and decides it.
func (a *actor) decide(ctx context.Context, decision map[string]any) error {
	review := "/v1/reviews/" + a.view.ID
	if err := a.call(ctx, a.reviewer, client.Request{Method: http.MethodPost, Path: review + "/claim"}); err != nil {
		return err
	}
	body, err := jsonBody(decision)
	if err != nil {
		return err
	}
	return a.call(ctx, a.reviewer, client.Request{
		Method: http.MethodPost, Path: review + "/decision", Body: body, ContentType: "application/json",
	})
}
