package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// document is what is read of the document beside the validator: what an operation lists.
type document struct {
	Paths map[string]map[string]*operation
}

type operation struct {
	OperationID string
	Responses   map[string]response
}

type response struct {
	Headers map[string]struct{ Required bool }
	Content map[string]struct {
		Examples map[string]json.RawMessage // of a problem: one a code
	}
}

func (d *document) read(raw []byte) error {
	if err := json.Unmarshal(raw, d); err != nil { //nolint:musttag // the document's names are the fields', whatever the case
		return fmt.Errorf("contract: %w", err)
	}
	if len(d.Paths) == 0 {
		return errors.New("contract: the document has no paths")
	}
	return nil
}

// find is the operation of a method and a path, nil if the document has none. A path without parameters goes first.
func (d *document) find(method, path string) *operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *operation
	for template, item := range d.Paths {
		op := item[strings.ToLower(method)]
		if op == nil || !fits(template, path) {
			continue
		}
		if found = op; !strings.Contains(template, "{") {
			return op
		}
	}
	return found
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") && g != "" })
}

const problemType = "application/problem+json"

// judge holds an answer to what is listed: its content type, the headers that must be there, a refusal's code.
func (r response) judge(status int, header http.Header, body []byte) error {
	for name, h := range r.Headers {
		if h.Required && header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	if len(r.Content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("a body where none is listed: %.200s", body)
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	content, listed := r.Content[kind]
	if err != nil || !listed {
		return fmt.Errorf("the content type %q is not listed", header.Get("Content-Type"))
	}
	if kind != problemType {
		return nil
	}
	code, err := refusal(status, header, body)
	if _, known := content.Examples[code]; err == nil && !known {
		err = fmt.Errorf("the code %s is not listed", code)
	}
	return err
}

// refusal reads the code of a problem, and holds the problem to its own status.
func refusal(status int, header http.Header, body []byte) (code string, err error) {
	var p struct {
		Code, Title, Detail string
		Status              int
	}
	if header.Get("Content-Type") != problemType {
		return "", fmt.Errorf("not a problem but %q", header.Get("Content-Type"))
	}
	if err := json.Unmarshal(body, &p); err != nil { //nolint:musttag // as above
		return "", fmt.Errorf("not a problem: %w", err)
	}
	if p.Status != status || p.Code == "" || p.Title == "" || p.Detail == "" {
		return "", fmt.Errorf("a problem of another status, or without words: %.300s", body)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return "", fmt.Errorf("not a problem: %w", err)
	}
	if want := member(p.Code); want != "" && len(members[want]) == 0 {
		return "", fmt.Errorf("%s without %s", p.Code, want)
	}
	return p.Code, nil
}

// member is what a problem of a code must have beside its words.
func member(code string) string {
	switch code {
	case "invalid_request", "requirements_missing":
		return "errors"
	case "wrong_state", "submitted_locked":
		return "state"
	case "code_incorrect", "deposit_amount_mismatch":
		return "attempts_left"
	case "clearing_not_eligible":
		return "conditions"
	}
	return ""
}

// unknown judges the answer to what is no operation: not_found, whatever it was. Pages for people, and browsers' questions
// about other origins, are no part of the contract.
func (c *Contract) unknown(r *http.Request, where string, status int, header http.Header, body []byte) error {
	if status < http.StatusBadRequest && (r.Method == http.MethodOptions || !strings.HasPrefix(r.URL.Path, "/v1/")) {
		return nil
	}
	code, err := refusal(status, header, body)
	if err != nil || code != "not_found" || status != http.StatusNotFound {
		return fmt.Errorf("%s: the document has no such operation, and the answer is not not_found: %w", where, err)
	}
	return nil
}

func readAgain(body []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }
