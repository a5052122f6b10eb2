package api

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/papers"
)

// blobs counts the files that are kept.
func (w *world) blobs() int {
	w.t.Helper()
	n := 0
	require.NoError(w.t, fs.WalkDir(os.DirFS(w.blobDir), ".", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	}))
	return n
}

func TestDocumentsAreTakenByTheirContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual") + "/documents/"
	put := func(slot string, content []byte) answer { return w.as("platform").put(path+slot, content) }
	for kind, content := range map[string][]byte{
		"image/png": png("x"), "image/jpeg": []byte("\xFF\xD8\xFF\xE0 jpeg"), "application/pdf": []byte("%PDF-1.7 pdf"),
	} {
		a := put("id_card_front", content).ok(200)
		require.Equal(t, kind, a.Body["content_type"])
		require.InDelta(t, len(content), a.Body["size"], 0)
		require.Len(t, a.Body["sha256"], 64)
		require.Len(t, a.Body, 4)
	}
	require.Equal(t, 3, w.blobs())
	put("id_card_front", []byte("GIF89a...")).refused(415, "document_type_unsupported")
	put("id_card_front", []byte("<script>")).refused(415, "document_type_unsupported")
	put("id_card_front", nil).refused(422, "invalid_request")
	put("passport", png("x")).refused(404, "not_found")
	require.Equal(t, 3, w.blobs(), "what was refused is not kept")
}

func TestADocumentOfTenMebibytesIsTakenAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual") + "/documents/id_card_front"
	most := append(png(""), make([]byte, 10<<20-8)...)
	w.as("platform").put(path, most).ok(200)
	w.as("platform").put(path, append(most, 0)).refused(413, "document_too_large")
	w.as("platform").put(path, make([]byte, 30<<20)).refused(413, "document_too_large")

	// Without a length the limit is found while reading.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.server.URL+path, io.MultiReader(bytes.NewReader(append(most, 0))))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer platform-token")
	resp, err := w.server.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
	require.Equal(t, 1, w.blobs())
}

func TestARepeatedUploadIsOneDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual") + "/documents/id_card_front"
	first := w.as("platform").withKey("doc-1").put(path, png("one")).ok(200)
	require.Equal(t, first.Raw, w.as("platform").withKey("doc-1").put(path, png("one")).ok(200).Raw)
	w.as("platform").withKey("doc-1").put(path, png("two")).refused(422, "idempotency_key_reused")
	require.Equal(t, 1, w.blobs())
	require.Equal(t, 1, w.count(`select count(*) from documents`))
}

func TestScansLieSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as("platform").put(w.open("acct-1", "individual")+"/documents/id_card_front", png("a telling scan")).ok(200)
	require.NoError(t, fs.WalkDir(os.DirFS(w.blobDir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(os.DirFS(w.blobDir), path)
		require.NotContains(t, string(content), "telling")
		return err
	}))
}

// papers looks after the scans as a worker does.
func (w *world) papers() *papers.Keeper { return &papers.Keeper{Book: w.store, Blobs: w.deps.Blobs} }
