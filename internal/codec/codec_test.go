package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"shiming/registration"
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

func newReader(t *testing.T, keyFile string) converter.PayloadCodec {
	t.Helper()
	keys, err := vault.LoadKeys(keyFile)
	require.NoError(t, err)
	return codec.Reader(keys)
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

// What no process of ours has written is refused, however it is dressed up, and leaves the value as it was.
func TestPlainPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	dc := codec.DataConverter(newCodec(t, newKeyFile(t)))
	json, err := converter.GetDefaultDataConverter().ToPayload(map[string]any{"act_id": "a1"})
	require.NoError(t, err)
	null, err := converter.GetDefaultDataConverter().ToPayload(nil)
	require.NoError(t, err)
	for name, p := range map[string]*commonpb.Payload{
		"json": json, "null": null, "nothing at all": {}, "no encoding": {Data: json.GetData()},
		"another encoding": {Metadata: map[string][]byte{converter.MetadataEncoding: []byte("binary/plain")}, Data: json.GetData()},
	} {
		var got map[string]any
		require.ErrorIs(t, dc.FromPayload(p, &got), codec.ErrPlain, name)
		require.ErrorIs(t, dc.FromPayloads(&commonpb.Payloads{Payloads: []*commonpb.Payload{p}}, &got), codec.ErrPlain, name)
		require.Nil(t, got, name)
	}
	var got map[string]any
	said := &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(codec.Encoding)}, Data: json.GetData()}
	require.ErrorIs(t, dc.FromPayload(said, &got), codec.ErrUndecryptable)
}

// A value that did not come is not the zero value.
func TestMissingPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	dc := codec.DataConverter(newCodec(t, newKeyFile(t)))
	one, err := dc.ToPayloads("one")
	require.NoError(t, err)
	var first, second string
	require.ErrorIs(t, dc.FromPayloads(one, &first, &second), codec.ErrMissing)
	require.ErrorIs(t, dc.FromPayloads(nil, &first), codec.ErrMissing)
	require.ErrorIs(t, dc.FromPayloads(&commonpb.Payloads{}, &first), codec.ErrMissing)
	require.NoError(t, dc.FromPayloads(nil), "nothing was wanted")
	var lane registration.Lane
	require.NoError(t, dc.FromPayloads(one, &first, &lane), "a release before lanes sent none")
	require.Equal(t, "one", first)
	require.Empty(t, lane)
	require.ErrorIs(t, dc.FromPayloads(nil, &first, &lane), codec.ErrMissing, "the other one is wanted")
	require.ErrorIs(t, dc.FromPayloads(one, &first, &lane, &second), codec.ErrMissing, "only what comes last may be missing")
	require.NoError(t, dc.FromPayloads(one), "nor is what is too many")
}

// A payload opens where it was written for and nowhere else, and its label is no way round that.
func TestPayloadsBelongToOnePlace(t *testing.T) {
	t.Parallel()
	path := newKeyFile(t)
	dc := codec.DataConverter(newCodec(t, path))
	places := map[string]converter.SerializationContext{
		"a workflow":          converter.WorkflowSerializationContext{Namespace: "ns", WorkflowID: "registration/a"},
		"another":             converter.WorkflowSerializationContext{Namespace: "ns", WorkflowID: "registration/b"},
		"another namespace":   converter.WorkflowSerializationContext{Namespace: "other", WorkflowID: "registration/a"},
		"an activity":         converter.ActivitySerializationContext{Namespace: "ns", WorkflowID: "registration/a", ActivityType: "BindCard"},
		"another activity":    converter.ActivitySerializationContext{Namespace: "ns", WorkflowID: "registration/a", ActivityType: "ConfirmCode"},
		"one in another":      converter.ActivitySerializationContext{Namespace: "ns", WorkflowID: "registration/b", ActivityType: "BindCard"},
		"ids that are quoted": converter.WorkflowSerializationContext{Namespace: `ns" "registration/a`, WorkflowID: ""},
		"none":                nil,
	}
	at := func(name string) converter.DataConverter {
		if places[name] == nil {
			return dc
		}
		return converter.WithDataConverterSerializationContext(dc, places[name])
	}
	for written := range places {
		p, err := at(written).ToPayload("x")
		require.NoError(t, err)
		for read := range places {
			var got string
			if err := at(read).FromPayload(p, &got); read == written {
				require.NoError(t, err, written)
				require.Equal(t, "x", got)
				continue
			}
			require.ErrorIs(t, at(read).FromPayload(p, &got), codec.ErrElsewhere, "%s, read in %s", written, read)
			there, err := at(read).ToPayload("y")
			require.NoError(t, err)
			relabelled := proto.CloneOf(p)
			relabelled.Metadata[codec.MetadataPlace] = there.GetMetadata()[codec.MetadataPlace]
			require.ErrorIs(t, at(read).FromPayload(relabelled, &got), codec.ErrUndecryptable, "%s, relabelled for %s", written, read)
			delete(relabelled.Metadata, codec.MetadataPlace)
			require.ErrorIs(t, at(read).FromPayload(relabelled, &got), codec.ErrUndecryptable, "%s without a label", written)
		}
		shown, err := newReader(t, path).Decode([]*commonpb.Payload{p})
		require.NoError(t, err)
		require.Equal(t, `"x"`, string(shown[0].GetData()), "people are shown it wherever they found it")
	}
}

// Runs that began with a release whose payloads have no label go on.
func TestPayloadsWithoutALabelAreRead(t *testing.T) {
	t.Parallel()
	path := newKeyFile(t)
	keys, err := vault.LoadKeys(path)
	require.NoError(t, err)
	key, _ := keys.Engine()
	plain, err := converter.GetDefaultDataConverter().ToPayload("written before")
	require.NoError(t, err)
	raw, err := proto.Marshal(plain)
	require.NoError(t, err)
	data, err := key.Encrypt(raw, []byte("shiming/temporal payload"))
	require.NoError(t, err)
	old := &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(codec.Encoding)}, Data: data}
	var got string
	dc := converter.WithDataConverterSerializationContext(codec.DataConverter(newCodec(t, path)), converter.WorkflowSerializationContext{WorkflowID: "w"})
	require.NoError(t, dc.FromPayload(old, &got))
	require.Equal(t, "written before", got)
}

// Whoever may look may not write: nothing is encrypted for people, and what is plain is shown as it is.
func TestTheReaderEncryptsNothing(t *testing.T) {
	t.Parallel()
	r := newReader(t, newKeyFile(t))
	plain := []*commonpb.Payload{{Data: []byte("x")}}
	for _, do := range []func([]*commonpb.Payload) ([]*commonpb.Payload, error){r.Encode, r.Decode} {
		got, err := do(plain)
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
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

// Who sent what is refused has no key: why is said in clear, and nothing else is.
func TestWhyAPayloadIsRefusedIsSaidInClear(t *testing.T) {
	t.Parallel()
	dc := codec.DataConverter(newCodec(t, newKeyFile(t)))
	fc := codec.FailureConverter(dc)
	for _, why := range []error{codec.ErrPlain, codec.ErrElsewhere, codec.ErrMissing, codec.ErrUndecryptable} {
		failure := fc.ErrorToFailure(fmt.Errorf("unable to decode the input: %w", why))
		assert.Equal(t, "unable to decode the input: "+why.Error(), failure.GetMessage())
	}
	assert.NotContains(t, fc.ErrorToFailure(errors.New("any other")).GetMessage(), "any other")
}

func TestHandlerDecodesForAllowedPagesOnly(t *testing.T) {
	t.Parallel()
	path := newKeyFile(t)
	keys, err := vault.LoadKeys(path)
	require.NoError(t, err)
	server := httptest.NewServer(codec.Handler(keys, "http://ui.example"))
	defer server.Close()
	at := converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: "registration/a"}
	payloads, err := converter.WithDataConverterSerializationContext(codec.DataConverter(codec.New(keys)), at).ToPayloads("hello")
	require.NoError(t, err)
	body, err := protojson.Marshal(payloads)
	require.NoError(t, err)

	path = "/decode"
	ask := func(method, origin string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader(body))
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
	path = "/encode"
	body = []byte(`{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}`)
	given, err := io.ReadAll(ask(http.MethodPost, "http://ui.example").Body)
	require.NoError(t, err)
	assert.JSONEq(t, string(body), string(given), "nothing is encrypted for anybody")
}
