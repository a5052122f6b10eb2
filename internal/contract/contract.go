package contract

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	faults "github.com/pb33f/libopenapi-validator/errors"
)

// Contract is an OpenAPI document that exchanges are held to. It may be used by many at once.
type Contract struct {
	validator validator.Validator
	document  document
}

// New reads a document, OpenAPI 3.1 in JSON.
func New(raw []byte) (*Contract, error) {
	parsed, err := libopenapi.NewDocument(raw)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	// Tokens are the API's to judge: the document cannot tell a good one from a bad one.
	v, errs := validator.NewValidator(parsed, config.WithFormatAssertions(), config.WithoutSecurityValidation())
	if len(errs) > 0 {
		return nil, fmt.Errorf("contract: %w", errors.Join(errs...))
	}
	c := &Contract{validator: v}
	return c, c.document.read(raw)
}

// Document judges the document itself, by OpenAPI's own schema.
func (c *Contract) Document() error {
	_, found := c.validator.ValidateDocument()
	return joined("the document", found)
}

const eventStream = "text/event-stream"

// Request judges a request that means to be right. Its body is read and put back.
func (c *Contract) Request(r *http.Request) error {
	_, found := c.validator.ValidateHttpRequestSync(r)
	return joined(r.Method+" "+r.URL.Path, found)
}

// Answer judges what was answered to a request. Nothing else of the request counts than its method and its path.
func (c *Contract) Answer(r *http.Request, status int, header http.Header, body []byte) error {
	where := fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, status)
	op := c.document.find(r.Method, r.URL.Path)
	if op == nil {
		return c.unknown(r, where, status, header, body)
	}
	expected, listed := op.Responses[fmt.Sprint(status)]
	if !listed {
		return fmt.Errorf("%s: %s does not list this status", where, op.OperationID)
	}
	if err := expected.judge(status, header, body); err != nil {
		return fmt.Errorf("%s: %s: %w", where, op.OperationID, err)
	}
	if empty := len(body) == 0 && len(expected.Content) > 0; empty && r.Method != http.MethodHead && header.Get("Content-Type") != eventStream {
		return fmt.Errorf("%s: %s: no body", where, op.OperationID)
	}
	if len(body) == 0 || !strings.Contains(header.Get("Content-Type"), "json") {
		return nil
	}
	_, found := c.validator.ValidateHttpResponse(r, &http.Response{StatusCode: status, Header: header, Body: readAgain(body)})
	return joined(where, found)
}

// joined makes one error of what the validator found.
func joined(where string, found []*faults.ValidationError) error {
	var errs []error
	for _, f := range found {
		err := fmt.Errorf("%s: %s: %s", where, f.Message, f.Reason)
		for _, schema := range f.SchemaValidationErrors {
			err = fmt.Errorf("%w; %s at %s", err, schema.Reason, schema.KeywordLocation)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
