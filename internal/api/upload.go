package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const (
	fileLimit = 10 << 20 // bytes of a document
	sniffed   = 512      // bytes that tell a file's type
)

// upload is a file that was received: sealed, but nobody's document yet.
type upload struct {
	subject string             // the registration's id, or the clearing's
	look    *postgres.EditLook // of a registration
	doc     postgres.NewDocument
	used    bool
}

// takeFile streams a file to its place. If the call comes to nothing the file is removed again.
func (s *server) takeFile(ctx huma.Context, r *http.Request, w http.ResponseWriter, next func(huma.Context)) {
	up, err := s.receiveFor(routeOf(ctx), r)
	if err != nil {
		write(w, s.problemOf(r.Context(), err))
		return
	}
	requestOf(r.Context()).upload = up
	defer func() {
		if !up.used {
			s.forgetFile(r.Context(), up.subject, up)
		}
	}()
	r.Body = http.NoBody
	next(humago.NewContext(ctx.Operation(), r, w))
}

// receiveFor takes the file of a route, for a registration or for a clearing.
func (s *server) receiveFor(rt route, r *http.Request) (*upload, error) {
	asking, cancel := context.WithTimeout(r.Context(), plainWithin)
	defer cancel()
	subject, slot := r.PathValue("id"), registration.Slot(r.PathValue("slot"))
	slots := registration.Slots()
	if rt.clearing {
		slots = registration.ClearingSlots()
	}
	if !slices.Contains(slots, slot) {
		return nil, problem.New(registration.CodeNotFound)
	}
	var err error
	switch account := r.PathValue("account_id"); {
	case account != "":
		subject, err = AtAccount{account}.clearing(asking, s)
	case rt.clearing:
		subject, err = AtClearing{subject}.clearing(asking, s)
	default:
		err = mustBeID(subject)
	}
	if err != nil {
		return nil, err
	}
	key, look, err := s.keyFor(asking, rt, subject)
	if err != nil {
		return nil, err
	}
	up, err := s.receive(r.Context(), r, key, subject, slot)
	if err != nil {
		return nil, err
	}
	up.look = look
	return up, nil
}

// keyFor is the data key that seals a file, read with the registration that it is for.
func (s *server) keyFor(ctx context.Context, rt route, subject string) ([]byte, *postgres.EditLook, error) {
	if rt.clearing {
		key, err := s.Store.DataKey(ctx, subject)
		return key, nil, err
	}
	look, err := s.Store.LookForEdit(ctx, subject)
	if err != nil {
		return nil, nil, err
	}
	key, err := look.DataKey()
	return key, look, err
}

// receive stores the file, however long it takes to come.
func (s *server) receive(ctx context.Context, r *http.Request, key []byte, subject string, slot registration.Slot) (*upload, error) {
	if r.ContentLength > fileLimit {
		return nil, problem.New(problem.CodeDocumentTooLarge)
	}
	content := bufio.NewReaderSize(r.Body, sniffed)
	head, err := content.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.CodeMalformedRequest)
	}
	kind, err := fileType(head)
	if err != nil {
		return nil, err
	}
	up := &upload{subject: subject, doc: postgres.NewDocument{BlobKey: registration.NewID("blob")}}
	size, sum, err := s.Blobs.Put(ctx, key, subject, up.doc.BlobKey, &limitedFile{content: content, left: fileLimit})
	if err != nil {
		return nil, err
	}
	up.doc.Document = registration.Document{Slot: slot, SHA256: sum, Size: size, ContentType: kind, At: s.Now()}
	return up, nil
}

// fileType tells a document's type by its content; what the client calls it does not count.
func fileType(head []byte) (string, error) {
	if len(head) == 0 {
		return "", problem.FromFields(registration.FieldError{Location: "body", Code: codeMissing, Message: "The file is empty."})
	}
	switch kind := http.DetectContentType(head); kind {
	case "image/jpeg", "image/png", "application/pdf":
		return kind, nil
	}
	return "", problem.New(problem.CodeDocumentTypeUnsupported)
}

// limitedFile ends with a problem, not with an end of file, when there is more than a document may have.
type limitedFile struct {
	content io.Reader
	left    int64
}

func (l *limitedFile) Read(p []byte) (int, error) {
	n, err := l.content.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, problem.New(problem.CodeDocumentTooLarge)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, problem.New(problem.CodeMalformedRequest)
	}
	return n, err
}

func (s *server) forgetFile(ctx context.Context, subject string, up *upload) {
	ctx, cancel := context.WithTimeout(detached(ctx), plainWithin)
	defer cancel()
	if err := s.Blobs.Delete(ctx, subject, up.doc.BlobKey); err != nil {
		s.Log.ErrorContext(ctx, "a file nobody needs was left behind", "registration_id", subject, "blob", up.doc.BlobKey, "error", err)
	}
}
