package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The page's view of the document.
type (
	docPage struct {
		Title, About string
		Sections     []docSection
		Schemas      []docSchema
	}
	docSection struct {
		Name, About string
		Calls       []docCall
	}
	docCall struct {
		ID, Method, Path, Summary, About string
		Roles                            string
		Params                           []docField
		Body                             []docField
		Answers                          []docAnswer
	}
	docField  struct{ Name, Type, About, Example string }
	docAnswer struct{ Status, About string }
	docSchema struct {
		Name, About string
		Fields      []docField
	}
)

// readable arranges the document for reading: by tag, each call with what it takes and answers.
func readable(doc *huma.OpenAPI) docPage {
	page := docPage{Title: doc.Info.Title, About: doc.Info.Description}
	for _, tag := range doc.Tags {
		section := docSection{Name: tag.Name, About: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
			item := doc.Paths[path]
			for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
				if op != nil && slices.Contains(op.Tags, tag.Name) {
					section.Calls = append(section.Calls, callOf(op))
				}
			}
		}
		page.Sections = append(page.Sections, section)
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		if s := schemas[name]; len(s.Properties) > 0 {
			page.Schemas = append(page.Schemas, docSchema{Name: name, About: s.Description, Fields: fieldsOf(s)})
		}
	}
	return page
}

func callOf(op *huma.Operation) docCall {
	about, _, _ := strings.Cut(op.Description, "\n\nRefusals:")
	call := docCall{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, About: about}
	var who []string
	for _, r := range roles(op.OperationID) {
		who = append(who, string(r))
	}
	call.Roles = strings.Join(who, ", ")
	for _, p := range op.Parameters {
		call.Params = append(call.Params, docField{Name: p.Name + " (" + p.In + ")", Type: typeOf(p.Schema), About: p.Description, Example: exampleOf(p.Example)})
	}
	if op.RequestBody != nil {
		for _, kind := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
			call.Body = append(call.Body, docField{Name: kind, Type: typeOf(op.RequestBody.Content[kind].Schema)})
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		answer := docAnswer{Status: status, About: r.Description}
		for _, kind := range slices.Sorted(maps.Keys(r.Content)) {
			if name := typeOf(r.Content[kind].Schema); name != "Problem" {
				answer.About += ": " + name
				break
			}
		}
		call.Answers = append(call.Answers, answer)
	}
	return call
}

func fieldsOf(s *huma.Schema) []docField {
	var fields []docField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		f := docField{Name: name, Type: typeOf(p), About: p.Description}
		if slices.Contains(s.Required, name) {
			f.Name += " *"
		}
		if len(p.Examples) > 0 {
			f.Example = exampleOf(p.Examples[0])
		}
		fields = append(fields, f)
	}
	return fields
}

// typeOf names a schema: its own name, or what it is made of.
func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case len(s.AnyOf) > 0:
		var names []string
		for _, one := range s.AnyOf {
			names = append(names, typeOf(one))
		}
		return strings.Join(names, " or ")
	case s.Type == huma.TypeArray:
		return "list of " + typeOf(s.Items)
	}
	name := cmp.Or(s.Format, s.Type)
	if s.Nullable {
		name += " or null"
	}
	return name
}

func exampleOf(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "" // an example that cannot be written is not worth a page
	}
	return string(b)
}
