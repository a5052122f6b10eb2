package contract_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/api"
	"shiming/internal/contract"
	"shiming/internal/problem"
)

func document(t testing.TB) []byte {
	t.Helper()
	raw, err := api.OpenAPI()
	require.NoError(t, err)
	return raw
}

// TestTheCheckedInDocumentIsTheAPIs: after a change, `go generate ./internal/api`.
func TestTheCheckedInDocumentIsTheAPIs(t *testing.T) {
	t.Parallel()
	checkedIn, err := os.ReadFile("../../docs/openapi.json")
	require.NoError(t, err)
	for range 5 { // maps have no order
		require.Equal(t, string(document(t))+"\n", string(checkedIn), "run: go generate ./internal/api")
	}
}

func TestTheDocumentIsOpenAPI(t *testing.T) {
	t.Parallel()
	c, err := contract.New(document(t))
	require.NoError(t, err)
	require.NoError(t, c.Document())
}

// tree is a part of the document.
type tree = map[string]any

func parsed(t testing.TB) tree {
	t.Helper()
	var doc tree
	require.NoError(t, json.Unmarshal(document(t), &doc))
	require.Equal(t, "3.1.0", doc["openapi"])
	return doc
}

func dig(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(tree)
		v = m[p]
	}
	return v
}

// operations calls f with every operation of the document and of its webhooks.
func operations(t testing.TB, f func(where string, op tree)) {
	t.Helper()
	n := 0
	for _, part := range []string{"paths", "webhooks"} {
		for path, item := range parsed(t)[part].(tree) {
			for method, op := range item.(tree) {
				n++
				f(strings.ToUpper(method)+" "+path, op.(tree))
			}
		}
	}
	require.Greater(t, n, 30)
}

func TestEveryOperationIsSaid(t *testing.T) {
	t.Parallel()
	ids := map[any]bool{}
	tags := map[any]bool{}
	for _, tag := range parsed(t)["tags"].([]any) {
		assert.NotEmpty(t, dig(tag, "description"), "%v", tag)
		tags[dig(tag, "name")] = true
	}
	operations(t, func(where string, op tree) {
		assert.NotEmpty(t, op["summary"], "%s: summary", where)
		assert.NotEmpty(t, op["description"], "%s: description", where)
		assert.False(t, ids[op["operationId"]], "%s: operationId twice", where)
		ids[op["operationId"]] = true
		for _, tag := range op["tags"].([]any) {
			assert.True(t, tags[tag], "%s: the tag %v is not introduced", where, tag)
		}
		parameters, _ := op["parameters"].([]any)
		for _, p := range parameters {
			assert.NotEmpty(t, dig(p, "description"), "%s: %v", where, dig(p, "name"))
			assert.NotNil(t, dig(p, "example"), "%s: %v has no example", where, dig(p, "name"))
		}
		responses := op["responses"].(tree)
		assert.NotEmpty(t, responses, where)
		for status, r := range responses {
			assert.NotEmpty(t, dig(r, "description"), "%s: %s", where, status)
			headers, _ := dig(r, "headers").(tree)
			for name, h := range headers {
				assert.NotEmpty(t, dig(h, "description"), "%s: %s: %s", where, status, name)
				assert.NotNil(t, dig(h, "example"), "%s: %s: %s", where, status, name)
			}
		}
	})
}

func schemas(t testing.TB) tree { t.Helper(); return dig(parsed(t), "components", "schemas").(tree) }

func TestEverySchemaIsSaid(t *testing.T) {
	t.Parallel()
	for name, s := range schemas(t) {
		assert.NotEmpty(t, dig(s, "description"), name)
		assert.NotEmpty(t, dig(s, "examples"), "%s has no example", name)
		properties, _ := dig(s, "properties").(tree)
		assert.NotEmpty(t, properties, name)
		for property, p := range properties {
			if dig(p, "$ref") != nil {
				continue // says it itself
			}
			assert.NotEmpty(t, dig(p, "description"), "%s.%s", name, property)
			if dig(p, "anyOf") == nil && dig(p, "items", "$ref") == nil { // what it holds has one
				assert.NotEmpty(t, dig(p, "examples"), "%s.%s has no example", name, property)
			}
		}
	}
}

// TestEveryReferenceLeadsSomewhere and every schema is used by somebody.
func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	t.Parallel()
	known, used := schemas(t), map[string]bool{}
	examples := dig(parsed(t), "components", "examples")
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case tree:
			if ref, isRef := v["$ref"].(string); isRef {
				if name, isExample := strings.CutPrefix(ref, "#/components/examples/"); isExample {
					assert.Contains(t, examples, name)
					return
				}
				name := strings.TrimPrefix(ref, "#/components/schemas/")
				assert.Contains(t, known, name)
				used[name] = true
			}
			for _, below := range v {
				walk(below)
			}
		case []any:
			for _, below := range v {
				walk(below)
			}
		}
	}
	walk(parsed(t))
	for name := range known {
		assert.True(t, used[name] || name == "Progress", "%s is used nowhere", name) // Progress: inside a stream
	}
}

// TestEveryExampleIsOneOfItsSchema holds examples of schemas, properties and problems to what they are examples of.
func TestEveryExampleIsOneOfItsSchema(t *testing.T) {
	t.Parallel()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("doc.json", parsed(t)))
	check := func(pointer string, example any) {
		schema, err := compiler.Compile("doc.json#" + pointer)
		require.NoError(t, err, pointer)
		assert.NoError(t, schema.Validate(example), "%s: %v", pointer, example)
	}
	for name, s := range schemas(t) {
		at := "/components/schemas/" + name
		for _, example := range dig(s, "examples").([]any) {
			check(at, example)
		}
		for property, p := range dig(s, "properties").(tree) {
			examples, _ := dig(p, "examples").([]any)
			for _, example := range examples {
				check(at+"/properties/"+property, example)
			}
		}
	}
	for _, e := range dig(parsed(t), "components", "examples").(tree) {
		check("/components/schemas/Problem", dig(e, "value"))
	}
}

// TestRefusalsAreListedByStatus: the status of a code is the catalogue's, and the description names the same codes.
func TestRefusalsAreListedByStatus(t *testing.T) {
	t.Parallel()
	status := map[string]int{}
	for _, e := range problem.Entries() {
		status[string(e.Code)] = e.Status
	}
	listed, samples := map[string]bool{}, dig(parsed(t), "components", "examples")
	operations(t, func(where string, op tree) {
		for code, r := range op["responses"].(tree) {
			examples, _ := dig(r, "content", "application/problem+json", "examples").(tree)
			for name, e := range examples {
				listed[name] = true
				assert.Equal(t, strconv.Itoa(status[name]), code, "%s: %s", where, name)
				assert.Equal(t, "#/components/examples/"+name, dig(e, "$ref"), where)
				assert.Equal(t, name, dig(samples, name, "value", "code"), where)
				assert.Contains(t, op["description"], "`"+name+"`", where)
			}
		}
	})
	for code := range status {
		assert.True(t, listed[code], "no operation can answer %s", code)
	}
}

func TestTheContractsCodesAreAllThere(t *testing.T) {
	t.Parallel()
	codes, _ := dig(schemas(t)["Problem"], "properties", "code", "enum").([]any)
	all := strings.Fields(`malformed_request unauthorized forbidden payment_password_incorrect not_found
		wrong_state submitted_locked registration_exists identity_in_use organization_in_use claimed_by_other second_reviewer_required clearing_exists clearing_not_eligible
		document_too_large document_type_unsupported
		invalid_request id_number_invalid uscc_invalid phone_invalid card_invalid card_not_debit card_is_corporate card_unusable card_elements_mismatch
		code_incorrect code_expired admin_must_be_authorized_agent licence_numbers_must_be_uscc bank_account_name_mismatch contact_name_mismatch
		deposit_amount_mismatch deposit_attempts_exceeded requirements_missing idempotency_key_reused
		card_attempts_exceeded code_attempts_exceeded code_resend_too_soon payout_limit_reached acts_exceeded account_limit_reached spending_paused rate_limited
		provider_unavailable engine_unavailable engine_busy storage_unavailable held_after_restore`)
	for _, code := range all {
		assert.Contains(t, codes, code)
	}
	assert.Len(t, codes, len(all)+1, "internal_error is the only one that api.md does not list: %v", codes)
}

func TestEveryOperationListsWhatAllCanAnswer(t *testing.T) {
	t.Parallel()
	operations(t, func(where string, op tree) {
		if op["operationId"] == "receive-event" || slices.Contains(op["tags"].([]any), "Service") {
			return
		}
		has := func(code string) bool {
			for _, r := range op["responses"].(tree) {
				if examples, _ := dig(r, "content", "application/problem+json", "examples").(tree); examples[code] != nil {
					return true
				}
			}
			return false
		}
		want := map[string]bool{"engine_unavailable": true, "internal_error": true}
		_, token := op["security"]
		public := op["operationId"] == "object-to-clearing"
		want["forbidden"], want["rate_limited"] = token, true // by token, else by address
		want["not_found"] = strings.Contains(where, "{") || public
		writes := !strings.HasPrefix(where, "GET ")
		want["malformed_request"], want["document_too_large"] = writes, writes
		want["idempotency_key_reused"] = writes && (token || public)
		for _, code := range slices.Sorted(maps.Keys(want)) {
			assert.Equal(t, want[code], has(code), "%s: %s", where, code)
		}
		for status, r := range op["responses"].(tree) {
			content, _ := dig(r, "content").(tree)
			assert.Equal(t, status >= "400", content["application/problem+json"] != nil, "%s: %s", where, status)
		}
	})
}
