package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shiming/internal/problem"
	"shiming/registration"
)

// route is what a call is, beside its handler. Who may make it stands in the table of roles.
type route struct {
	id, method, path string
	tag              string
	summary          string
	description      string
	status           int            // of success; 0: 200
	codes            []problem.Code // beyond those that every call of its sort can have
	deferrable       bool           // may be answered 202
	upload           bool           // its body is a file
	signed           party          // a webhook, signed instead of called with a token
	public           bool           // called without a token: what is sent is proof enough
	clearing         bool           // its file is a clearing's
}

// opens reports whether the route starts a workflow.
func (r route) opens() bool {
	return r.id == "open-registration" || r.id == "open-clearing" || r.id == "contest-identity"
}

func (r route) mutates() bool { return r.method != http.MethodGet }

const routeKey = "route"

func routeOf(ctx huma.Context) route {
	r, _ := ctx.Operation().Metadata[routeKey].(route)
	return r
}

// register makes a route of a handler. Its errors are put into HTTP's terms on the way out.
func register[I, O any](s *server, r route, handle func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.describe(), Tags: []string{r.tag},
		DefaultStatus: r.status, Metadata: map[string]any{routeKey: r}, Responses: map[string]*huma.Response{},
		// The body has been read, and limited, before huma comes to it.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
	if r.signed == "" && !r.public {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	if r.upload {
		op.RequestBody = fileBody()
	}
	if r.mutates() && r.signed == "" {
		op.Parameters = append(op.Parameters, idempotencyParam())
	}
	r.refusals(s.api.OpenAPI().Components.Schemas, op.Responses)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		if nulls := requestOf(ctx).nulls; len(nulls) > 0 { // huma takes a null for a field that was left out
			return nil, problem.FromFields(nulls...)
		}
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return out, nil
	})
}

// allCodes are the codes that the route can answer with.
func (r route) allCodes() []problem.Code {
	codes := slices.Concat(r.codes, []problem.Code{
		problem.CodeEngineBusy, problem.CodeEngineUnavailable, problem.CodeStorageUnavailable, problem.CodeInternal,
	})
	if r.deferrable {
		codes = append(codes, registration.CodeActsExceeded) // every act that goes to a run has a budget
	}
	switch {
	case r.signed != "":
		codes = append(codes, problem.CodeUnauthorized, problem.CodeRateLimited, problem.CodeMalformedRequest, registration.CodeInvalidRequest)
	case r.public:
		codes = append(codes, problem.CodeRateLimited, problem.CodeMalformedRequest, registration.CodeInvalidRequest, problem.CodeIdempotencyKeyReused)
	default:
		codes = append(codes, problem.CodeUnauthorized, problem.CodeForbidden, problem.CodeRateLimited, registration.CodeInvalidRequest)
		if r.mutates() {
			codes = append(codes, problem.CodeMalformedRequest, problem.CodeIdempotencyKeyReused)
		}
	}
	if r.mutates() {
		codes = append(codes, problem.CodeDocumentTooLarge)
	}
	if strings.Contains(r.path, "{") {
		codes = append(codes, registration.CodeNotFound)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// byStatus groups the route's codes by the status they travel with.
func (r route) byStatus() map[int][]string {
	statuses := map[int][]string{}
	for _, e := range problem.Entries() {
		if slices.Contains(r.allCodes(), e.Code) {
			statuses[e.Status] = append(statuses[e.Status], "`"+string(e.Code)+"`")
		}
	}
	return statuses
}

func (r route) describe() string {
	var b strings.Builder
	b.WriteString(r.description)
	b.WriteString("\n\nRefusals:")
	statuses := r.byStatus()
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		b.WriteString("\n- " + strconv.Itoa(status) + ": " + strings.Join(statuses[status], ", "))
	}
	return strings.TrimSpace(b.String())
}

// refusals documents a response for each status that is a refusal.
func (r route) refusals(schemas huma.Registry, responses map[string]*huma.Response) {
	body := schemas.Schema(problemType, true, "Problem")
	for status, codes := range r.byStatus() {
		response := &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(codes, ", "),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: body}},
		}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			response.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		responses[strconv.Itoa(status)] = response
	}
}
