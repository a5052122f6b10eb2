package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"shiming/internal/health"
)

const serviceTag = "Service"

// addService documents the calls for probes and readers, which are no routes of huma's.
func addService(doc *huma.OpenAPI) {
	doc.Tags = append(doc.Tags, &huma.Tag{Name: serviceTag, Description: "Probes and documentation. No token is needed."})
	status := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"status"},
		Properties: map[string]*huma.Schema{
			"status":   {Type: huma.TypeString, Enum: []any{health.OK, health.Unavailable, health.Stopping}, Description: "The whole; stopping: it was told to stop, and takes calls for a while yet", Examples: []any{"ok"}},
			"database": part("PostgreSQL; only of /readyz, and not while it stops", health.OK, health.Unavailable),
			"engine":   part("Temporal; only of /readyz", health.OK, health.Unavailable),
			"storage":  part("Where scans are kept: unavailable if it cannot be reached, or keeps nothing; only of /readyz", health.OK, health.Unavailable),
			"outbox":   part("late: something should have been carried more than a minute ago, to a provider or the engine, which changes no status; only of /readyz", health.OK, health.Late, health.Unknown),
			"held": {
				Type: huma.TypeBoolean, Description: "true after a restore, until the database is repaired: nothing is opened or paid, and all else goes on; left out otherwise", Examples: []any{true},
			},
			"outbox_late_seconds": {
				Type: huma.TypeInteger, Format: "int64", Description: "For how long the oldest of it has waited; 0: none is late; left out if it cannot be read", Examples: []any{0},
			},
		},
		AdditionalProperties: false,
	}
	doc.Components.Schemas.Map()["Health"] = status
	answer := func(description string) *huma.Response {
		body := &huma.MediaType{Schema: &huma.Schema{Ref: "#/components/schemas/Health"}}
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": body}}
	}
	get := func(path, id, summary, description string, responses map[string]*huma.Response) {
		if id == "docs" || id == "openapi" { // see [server.sparing]
			responses["429"] = tooManyPages()
			description += "\n\nRefusals: 429 `rate_limited`."
		}
		doc.Paths[path] = &huma.PathItem{Get: &huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{serviceTag}, Summary: summary, Description: description, Responses: responses,
		}}
	}
	get("/healthz", "healthz", "Whether the process lives", "For liveness probes.", map[string]*huma.Response{"200": answer("It lives")})
	get("/readyz", "readyz", "Whether it can work", "For readiness probes: whether database, engine and storage do their work, and the process was not told to stop.",
		map[string]*huma.Response{"200": answer("It can"), "503": answer("It cannot, or is about to stop")})
	file := func(id, kind, schema, path, summary, description string) {
		content := map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: schema, Description: description}}}
		get(path, id, summary, description, map[string]*huma.Response{"200": {Description: "The document", Content: content}})
	}
	file("openapi", "application/openapi+json", huma.TypeObject, "/openapi.json", "This document", "OpenAPI 3.1; at /openapi-3.0.json for tools that know only 3.0.")
	file("docs", "text/html", huma.TypeString, "/docs", "This document, to read", "A page without scripts.")
}

// part documents what is said of a part.
func part(description string, says ...any) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: says, Description: description, Examples: says[:1]}
}

// tooManyPages is what an address is told that reads too fast.
func tooManyPages() *huma.Response {
	body := &huma.MediaType{Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}
	return &huma.Response{Description: "Too Many Requests: `rate_limited`", Content: map[string]*huma.MediaType{"application/problem+json": body}}
}
