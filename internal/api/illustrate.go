package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shiming/registration"
)

// illustrate gives every schema an example, composed of its properties' own, and an example to every property that has none,
// unless it holds what has one.
func illustrate(schemas map[string]*huma.Schema) {
	for name, schema := range schemas {
		for property, p := range schema.Properties {
			if override, known := examplesOf(name)[property]; known {
				p.Examples = []any{override}
			}
		}
	}
	for _, schema := range schemas {
		for _, p := range schema.Properties {
			if !refers(p) && len(p.Examples) == 0 {
				p.Examples = []any{exampleFor(schemas, p)}
			}
		}
	}
	for _, schema := range schemas {
		schema.Examples = []any{exampleFor(schemas, schema)}
	}
}

// refers reports whether a property is, or holds, what has a schema and so an example of its own.
func refers(p *huma.Schema) bool {
	return p.Ref != "" || p.Items != nil && p.Items.Ref != "" || len(p.AnyOf) > 0
}

// exampleFor is an example of a schema: its own, or one made of its parts.
func exampleFor(schemas map[string]*huma.Schema, s *huma.Schema) any {
	switch {
	case s.Ref != "":
		return exampleFor(schemas, schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]])
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.AnyOf) > 0:
		return exampleFor(schemas, s.AnyOf[0])
	case s.Type == huma.TypeBoolean:
		return false
	case s.Type == huma.TypeArray:
		return []any{exampleFor(schemas, s.Items)}
	case s.Type == huma.TypeObject:
		whole := map[string]any{}
		for name, p := range s.Properties {
			whole[name] = exampleFor(schemas, p)
		}
		return whole
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	return nil
}

// examplesOf are examples that make sense only together: an example of a whole is one registration, one delivery, one
// problem, and not one of everything.
func examplesOf(schema string) map[string]any {
	switch schema {
	case "Registration":
		return map[string]any{"last_error": nil, "requirements": []any{}, "documents": []any{}, "contact": nil, "review": nil}
	case "Payout":
		return map[string]any{"failure": nil}
	case "Identity":
		return map[string]any{"verified": true, "method": "qr_scan", "holder": "王*"}
	case "ReviewItem", "Review":
		return map[string]any{"developer_kind": "individual", "state": "under_review"}
	case "ReviewRound":
		return map[string]any{"decision": nil, "reasons": []any{}}
	case "WebhookEndpoint":
		return map[string]any{"events": []any{registration.EventStateChanged}, "failing_since": nil, "disabled_at": nil, "disabled_reason": nil}
	case "WebhookAttempt":
		return map[string]any{"error": nil}
	case "Finding":
		return map[string]any{"text": registration.FindingRunFailing.Text(), "resolved_at": nil, "resolved_by": nil, "reason": nil, "day": nil}
	case "Reconciliation", "ReconciliationDay":
		return map[string]any{"trouble": nil}
	case "Timeline":
		return map[string]any{"next_cursor": nil}
	}
	return nil
}
