package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"shiming/internal/codec"
	"shiming/internal/vault"
)

const secret = "张三 11010519491231002X"

func newKeyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(path))
	return path
}

func newCodec(t *testing.T, keyFile string) converter.PayloadCodec {
	t.Helper()
	keys, err := vault.LoadKeys(keyFile)
	require.NoError(t, err)
	return codec.New(keys)
}

func TestPayloadsAreEncrypted(t *testing.T) {
	t.Parallel()
	path := newKeyFile(t)
	dc := codec.DataConverter(newCodec(t, path))
	payloads, err := dc.ToPayloads(secret, 42, nil, []byte{1})
	require.NoError(t, err)
	for _, p := range payloads.GetPayloads() {
		assert.Equal(t, codec.Encoding, string(p.GetMetadata()[converter.MetadataEncoding]))
		assert.NotEmpty(t, p.GetMetadata()[codec.MetadataKeyID])
	}
	raw, err := proto.Marshal(payloads)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "11010519491231002X")

	var s string
	var n int
	var none *string
	var b []byte
	again := codec.DataConverter(newCodec(t, path)) // another process
	require.NoError(t, again.FromPayloads(payloads, &s, &n, &none, &b))
	assert.Equal(t, secret, s)
	assert.Equal(t, 42, n)
	assert.Nil(t, none)
	assert.Equal(t, []byte{1}, b)
}

func TestPlainPayloadsPassThrough(t *testing.T) {
	t.Parallel()
	plain, err := converter.GetDefaultDataConverter().ToPayloads("written before the codec")
	require.NoError(t, err)
	var s string
	require.NoError(t, codec.DataConverter(newCodec(t, newKeyFile(t))).FromPayloads(plain, &s))
	assert.Equal(t, "written before the codec", s)
}

func TestUndecryptablePayloads(t *testing.T) {
	t.Parallel()
	c := newCodec(t, newKeyFile(t))
	encrypted, err := c.Encode([]*commonpb.Payload{{Data: []byte("x")}})
	require.NoError(t, err)
	_, err = newCodec(t, newKeyFile(t)).Decode(encrypted)
	require.ErrorIs(t, err, codec.ErrUndecryptable, "another key")

	data := encrypted[0].GetData()
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 1
		for _, bad := range [][]byte{changed, data[:i]} {
			_, err := c.Decode([]*commonpb.Payload{{Metadata: encrypted[0].GetMetadata(), Data: bad}})
			require.ErrorIs(t, err, codec.ErrUndecryptable)
		}
	}
}

// Old histories open after a rotation, and new payloads say that they use the new key.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	path := newKeyFile(t)
	before := newCodec(t, path)
	old, err := before.Encode([]*commonpb.Payload{{Data: []byte("x")}})
	require.NoError(t, err)

	rotateEngine(t, path)
	after := newCodec(t, path)
	decoded, err := after.Decode(old)
	require.NoError(t, err)
	assert.Equal(t, "x", string(decoded[0].GetData()))
	fresh, err := after.Encode([]*commonpb.Payload{{Data: []byte("x")}})
	require.NoError(t, err)
	assert.NotEqual(t, old[0].GetMetadata()[codec.MetadataKeyID], fresh[0].GetMetadata()[codec.MetadataKeyID])
	_, err = before.Decode(fresh)
	require.ErrorIs(t, err, codec.ErrUndecryptable)
}

// rotateEngine does to the engine keyset in a key file what tinkey's add-key and promote-key do.
func rotateEngine(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(b, &file))
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(file["engine"])))
	require.NoError(t, err)
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	require.NoError(t, m.SetPrimary(id))
	h, err = m.Handle()
	require.NoError(t, err)
	var engine bytes.Buffer
	require.NoError(t, insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&engine)))
	file["engine"] = engine.Bytes()
	b, err = json.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestFailuresAreEncrypted(t *testing.T) {
	t.Parallel()
	dc := codec.DataConverter(newCodec(t, newKeyFile(t)))
	fc := codec.FailureConverter(dc)
	failure := fc.ErrorToFailure(temporal.NewApplicationErrorWithCause("refused: "+secret, "card_unusable", errors.New(secret), secret))
	raw, err := proto.Marshal(failure)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "11010519491231002X")
	assert.Equal(t, "card_unusable", failure.GetApplicationFailureInfo().GetType(), "the type is not secret: ops reads it")

	back := fc.FailureToError(failure)
	var application *temporal.ApplicationError
	require.ErrorAs(t, back, &application)
	assert.Equal(t, "refused: "+secret, application.Message())
}

func TestHandlerDecodesForAllowedPagesOnly(t *testing.T) {
	t.Parallel()
	c := newCodec(t, newKeyFile(t))
	server := httptest.NewServer(codec.Handler(c, "http://ui.example"))
	defer server.Close()
	payloads, err := codec.DataConverter(c).ToPayloads("hello")
	require.NoError(t, err)
	body, err := protojson.Marshal(payloads)
	require.NoError(t, err)

	ask := func(method, origin string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/decode", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, resp.Body.Close()) })
		return resp
	}
	resp := ask(http.MethodPost, "http://ui.example")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "http://ui.example", resp.Header.Get("Access-Control-Allow-Origin"))
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	require.NoError(t, err)
	var decoded commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(b.Bytes(), &decoded))
	assert.Equal(t, `"hello"`, string(decoded.GetPayloads()[0].GetData()))

	preflight := ask(http.MethodOptions, "http://ui.example")
	assert.Equal(t, http.StatusNoContent, preflight.StatusCode)
	assert.Contains(t, preflight.Header.Get("Access-Control-Allow-Headers"), "X-Namespace")
	assert.Equal(t, http.StatusOK, ask(http.MethodPost, "").StatusCode, "the CLI sends no origin")
	for _, method := range []string{http.MethodPost, http.MethodOptions} {
		stranger := ask(method, "http://evil.example")
		assert.Equal(t, http.StatusForbidden, stranger.StatusCode)
		assert.Empty(t, stranger.Header.Get("Access-Control-Allow-Origin"))
	}
}
