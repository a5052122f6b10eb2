package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shiming/internal/problem"
	"shiming/registration"
)

var (
	problemType  = reflect.TypeFor[problem.Problem]()
	progressType = reflect.TypeFor[Progress]()
)

const about = `Registers developer accounts with real-name verification, for individuals and enterprises.

Times are RFC 3339 with offset; money is a decimal string in CNY. Every mutating call takes an Idempotency-Key. An act that takes longer than
10 seconds is answered 202 with the registration as it stands and "processing": true. Refusals are problems (RFC 9457) whose code says what to do.`

// configuration is huma's: JSON alone, no additions of its own to bodies, no page that loads scripts from elsewhere.
func configuration() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Shiming", Version: "1.0.0", Description: about},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", Description: "A token of the configured OIDC issuer, or a static token."},
				},
			},
			Tags: []*huma.Tag{
				{Name: registrationTag, Description: "Registrations, from the first call to the decision."},
				{Name: reviewTag, Description: "Deciding what was submitted."},
				{Name: "Accounts", Description: "How platform accounts stand."},
				{Name: clearingTag, Description: "Clearing the identity of an account, and claiming one back."},
				{Name: noticeTag, Description: "What became of SMS and e-mails."},
				{Name: subscriptionTag, Description: "Being told of events."},
				{Name: findingTag, Description: "What does not mend itself and waits for ops."},
				{Name: payoutsTag, Description: "Every payment, pausing and resuming them, and what is spent."},
				{Name: reconciliationTag, Description: "The bank's statement of a day, held against the payments."},
				{Name: "Webhooks in", Description: "Reports of bank and wallet."},
			},
		},
		OpenAPIPath:   "/openapi",
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}

// schemaName names schemas as callers think of them.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[registration.View]():
		return "Registration"
	case reflect.TypeFor[registration.ReviewView]():
		return "ReviewRound"
	}
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
}

func idempotencyParam() *huma.Param {
	lo, hi := 1, longestKey
	return &huma.Param{
		Name: idempotencyIn, In: "header", Example: "7b1f3c52-0d0e-4c0e-9a35-5a2f6f0c8d11",
		Description: "1 to 255 visible characters, scoped by caller, method and path: the same key and body gives the first answer again.",
		Schema:      &huma.Schema{Type: huma.TypeString, MinLength: &lo, MaxLength: &hi},
	}
}

func fileBody() *huma.RequestBody {
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "The file"}}
	return &huma.RequestBody{
		Required: true, Description: "A JPEG, PNG or PDF of at most 10 MiB",
		Content: map[string]*huma.MediaType{"image/jpeg": file, "image/png": file, "application/pdf": file, "application/octet-stream": file},
	}
}

// finish says in the document what huma cannot read off the types.
func finish(doc *huma.OpenAPI) {
	for _, schema := range doc.Components.Schemas.Map() {
		for name, property := range schema.Properties {
			schema.Properties[name] = nullable(schema, name, property)
		}
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil {
				finishOperation(doc, op)
			}
		}
	}
}

// nullable writes that a part may be null: every reference to an object that is not there yet is, and so is a value of a
// list of values.
func nullable(in *huma.Schema, name string, property *huma.Schema) *huma.Schema {
	switch {
	case property.Ref != "" && isPart(in, name):
		return &huma.Schema{AnyOf: []*huma.Schema{{Ref: property.Ref}, {Type: "null"}}, Description: property.Description}
	case property.Nullable && len(property.Enum) > 0: // null stands beside the values: among them generators take it for one
		value := *property
		value.Nullable, value.Description, value.Examples = false, "", nil
		return &huma.Schema{AnyOf: []*huma.Schema{&value, {Type: "null"}}, Description: property.Description, Examples: property.Examples}
	}
	return property
}

// isPart reports whether a property is one of those that are null until they exist.
func isPart(_ *huma.Schema, name string) bool {
	switch name {
	case "last_error", "identity", "company", "contact", "payout", "review", "clearing":
		return true
	}
	return false
}

func finishOperation(doc *huma.OpenAPI, op *huma.Operation) {
	rt, _ := op.Metadata[routeKey].(route)
	ref := func(name string) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/" + name}}}
	}
	done := op.Responses["200"]
	switch {
	case rt.id == "open-admin-session":
		done.Content = ref("AdminSession")
		op.Responses["202"] = &huma.Response{Description: later, Content: ref("Registration")}
	case rt.id == "get-review-document":
		file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		op.Responses["200"] = &huma.Response{
			Description: "The document",
			Content:     map[string]*huma.MediaType{"image/jpeg": file, "image/png": file, "application/pdf": file},
		}
	case rt.id == "watch-registration":
		documentProgress(doc, op)
	case rt.signed != "":
		op.Responses["202"] = &huma.Response{Description: "Nobody's; kept for ops", Content: done.Content}
	case rt.deferrable:
		op.Responses["202"] = &huma.Response{Description: later, Content: done.Content}
	}
}

const later = "Still being worked on; a refusal will show as last_error"
