package codec

import (
	"errors"

	"github.com/tink-crypto/tink-go/v2/tink"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"shiming/internal/vault"
)

// ErrReadOnly says that a codec for people was asked to write.
var ErrReadOnly = errors.New("codec: payloads are shown, not written")

// reader opens payloads wherever they were found, to be shown to people. What is not encrypted it shows as it is. It writes nothing:
// who may look may not write.
type reader struct{ key tink.AEAD }

// Reader returns the codec for what shows payloads and acts on none.
func Reader(keys *vault.Keys) converter.PayloadCodec {
	key, _ := keys.Engine()
	return reader{key: key}
}

// Encode implements converter.PayloadCodec.
func (reader) Encode([]*commonpb.Payload) ([]*commonpb.Payload, error) { return nil, ErrReadOnly }

// Decode implements converter.PayloadCodec.
func (r reader) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	shown := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		shown[i] = p
		if !sealed(p) {
			continue
		}
		var err error
		if shown[i], err = open(r.key, p); err != nil {
			return nil, err
		}
	}
	return shown, nil
}
