package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"shiming/internal/client"
	"shiming/registration"
)

type documentCommand struct {
	changeFlags
	byID
	Slot registration.Slot `arg:"" enum:"id_card_front,id_card_back,business_licence,authorization_letter,qualification_1,qualification_2,qualification_3,qualification_4,qualification_5" help:"What it shows: ${enum}."`
	File string            `arg:"" type:"path" help:"A JPEG, PNG or PDF of at most 10 MiB; - for stdin."`
}

// Run uploads a document.
func (c *documentCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return s.upload(ctx, registrationPath(c.ID, "/documents/"+url.PathEscape(string(c.Slot))), c.File)
}

// mostSent is how much of a file is sent, in bytes: the API reads so much to answer that it is too large.
const mostSent = 32 << 20

// receipt is what the API says of a document.
type receipt struct {
	Slot        string `json:"slot"`
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
	ContentType string `json:"content_type"`
}

// upload sends a file, which is read whole: a repeat must send the same.
func (s *session) upload(ctx context.Context, path, file string) error {
	content, err := s.content(file)
	if err != nil {
		return err
	}
	// The API goes by the content.
	r := client.Request{Method: http.MethodPut, Path: path, Key: s.key, Body: content, ContentType: http.DetectContentType(content)}
	return call(ctx, s, r, func(p *page, d receipt) {
		p.list(pair{"document", d.Slot}, pair{"type", d.ContentType}, pair{"size", size(d.Size)}, pair{"SHA-256", d.SHA256})
	})
}

func (s *session) content(file string) ([]byte, error) {
	in := s.In
	if file != "-" {
		f, err := os.Open(file) //nolint:gosec // G304: the file that the person at the terminal names
		if err != nil {
			return nil, usage("%v", err)
		}
		defer f.Close() //nolint:errcheck // only read
		in = f
	}
	var content bytes.Buffer
	n, err := io.Copy(&content, io.LimitReader(in, mostSent+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the document: %w", err)
	case n > mostSent:
		return nil, usage("the file is far larger than the 10 MiB that a document may have")
	}
	return content.Bytes(), nil
}
