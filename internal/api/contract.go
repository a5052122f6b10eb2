package api

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"shiming/internal/problem"
	"shiming/registration"
)

//go:generate go run ./write ../../docs/openapi.json

// complete makes the document say all that there is to know, for people and generators who have nothing else: what each
// schema is, with an example; each refusal with its code and an example; the headers of answers; the calls that huma does
// not serve; the events we post. It changes no answer.
func complete(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas
	schemas.Schema(reflect.TypeFor[AdminSession](), true, "AdminSession") // an answer of a route that has two
	doc.Webhooks = map[string]*huma.PathItem{"event": eventHook(schemas)}
	addService(doc)
	enumerate(schemas.Map())
	doc.Components.Examples = map[string]*huma.Example{}
	for _, e := range problem.Entries() {
		doc.Components.Examples[string(e.Code)] = &huma.Example{Summary: e.Title, Value: sample(e.Code)}
	}
	for name, schema := range schemas.Map() {
		schema.Description = aboutSchemas()[name]
	}
	illustrate(schemas.Map())
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			completeOperation(op)
		}
	}
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{item.Get, item.Post, item.Put, item.Delete}, func(op *huma.Operation) bool { return op == nil })
}

// enumerate lists the values of what is a name of ours.
func enumerate(schemas map[string]*huma.Schema) {
	set := func(schema, property string, values []any) {
		if s := schemas[schema]; s != nil && s.Properties[property] != nil {
			s.Properties[property].Enum = values
		}
	}
	var codes []any
	for _, e := range problem.Entries() {
		codes = append(codes, e.Code)
	}
	set("Problem", "code", codes)
	states := asAny(registration.States())
	set("Registration", "state", states)
	if p := schemas["Problem"]; p != nil {
		p.Properties["conditions"].Items = &huma.Schema{Ref: "#/components/schemas/Condition"}
	}
}

func asAny[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

func completeOperation(op *huma.Operation) {
	rt, _ := op.Metadata[routeKey].(route)
	for _, p := range op.Parameters {
		if p.Example == nil && len(p.Schema.Examples) > 0 {
			p.Example = p.Schema.Examples[0]
		}
	}
	for status, response := range op.Responses {
		for _, name := range slices.Sorted(maps.Keys(response.Headers)) {
			completeHeader(response.Headers[name])
		}
		code, err := strconv.Atoi(status)
		if err != nil || code < http.StatusBadRequest {
			continue
		}
		if code == http.StatusUnauthorized {
			setHeader(response, "WWW-Authenticate", "How to authenticate (RFC 9110, section 11.6.1)", "Bearer")
		}
		if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
			setHeader(response, "Retry-After", "Whole seconds to wait before the call is made again", 30)
		}
		rt.exemplify(code, response.Content["application/problem+json"])
	}
}

func completeHeader(h *huma.Header) {
	h.Required = true
	if h.Description == "" {
		h.Description = h.Schema.Description
	}
	if h.Example == nil && len(h.Schema.Examples) > 0 {
		h.Example = h.Schema.Examples[0]
	}
}

func setHeader(r *huma.Response, name, description string, example any) {
	if r.Headers == nil {
		r.Headers = map[string]*huma.Header{}
	}
	schema := &huma.Schema{Type: huma.TypeString}
	if _, isNumber := example.(int); isNumber {
		one := 1.0
		schema = &huma.Schema{Type: huma.TypeInteger, Minimum: &one}
	}
	r.Headers[name] = &huma.Header{Description: description, Required: true, Schema: schema, Example: example}
}

// exemplify lists the codes of a refusal as examples: who reads the document sees each, and tests hold answers to them.
func (r route) exemplify(status int, body *huma.MediaType) {
	if body == nil {
		return
	}
	body.Examples = map[string]*huma.Example{}
	for _, e := range problem.Entries() {
		if e.Status == status && slices.Contains(r.allCodes(), e.Code) {
			body.Examples[string(e.Code)] = &huma.Example{Ref: "#/components/examples/" + string(e.Code)}
		}
	}
}
