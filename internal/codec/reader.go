package codec

import (
	"github.com/tink-crypto/tink-go/v2/tink"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"shiming/internal/vault"
)

// reader opens payloads wherever they were found, to be shown to people. What is not encrypted it shows as it is. It encrypts
// nothing: who may look may not write.
type reader struct{ key tink.AEAD }

// Reader returns the codec for what shows payloads and acts on none.
func Reader(keys *vault.Keys) converter.PayloadCodec {
	key, _ := keys.Engine()
	return reader{key: key}
}

// Encode implements converter.PayloadCodec, and gives back what it was given. An error would keep Temporal's command line from
// reading: it has the arguments of a query encoded even if there are none, and asks on and on about an update's. What it then sends is
// plain, and refused with a reason where it arrives.
func (reader) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) { return payloads, nil }

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
