package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const serviceTag = "Service"

// addService documents the calls for probes and readers, which are no routes of huma's.
func addService(doc *huma.OpenAPI) {
	doc.Tags = append(doc.Tags, &huma.Tag{Name: serviceTag, Description: "Probes and documentation. No token is needed."})
	status := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"status"},
		Properties: map[string]*huma.Schema{
			"status":   {Type: huma.TypeString, Enum: []any{"ok", "unavailable"}, Description: "The whole", Examples: []any{"ok"}},
			"database": {Type: huma.TypeString, Enum: []any{"ok", "unavailable"}, Description: "PostgreSQL; only of /readyz", Examples: []any{"ok"}},
			"engine":   {Type: huma.TypeString, Enum: []any{"ok", "unavailable"}, Description: "Temporal; only of /readyz", Examples: []any{"ok"}},
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
	get("/readyz", "readyz", "Whether it can work", "For readiness probes: whether database and engine answer.",
		map[string]*huma.Response{"200": answer("Both answer"), "503": answer("One of them does not")})
	file := func(id, kind, schema, path, summary, description string) {
		content := map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: schema, Description: description}}}
		get(path, id, summary, description, map[string]*huma.Response{"200": {Description: "The document", Content: content}})
	}
	file("openapi", "application/openapi+json", huma.TypeObject, "/openapi.json", "This document", "OpenAPI 3.1; at /openapi-3.0.json for tools that know only 3.0.")
	file("docs", "text/html", huma.TypeString, "/docs", "This document, to read", "A page without scripts.")
}

// tooManyPages is what an address is told that reads too fast.
func tooManyPages() *huma.Response {
	body := &huma.MediaType{Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}
	return &huma.Response{Description: "Too Many Requests: `rate_limited`", Content: map[string]*huma.MediaType{"application/problem+json": body}}
}
