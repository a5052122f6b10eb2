// Package codec encrypts what Temporal stores: arguments, results, heartbeats, memos and, with the failure converter, error
// messages and stack traces.
//
// It promises that what it wrote is read only with the vault's engine keys. It is a second lock: personal data is kept out of
// Temporal in the first place; the codec is on so that an oversight is not a leak. It does not cover what Temporal reads itself: search attributes, and the ids of workflows, updates and activities.
//
// It refuses what was encrypted with a key that is not in the keyset, and what was changed since. Every client and worker of
// a namespace must use it. Payloads that are not encrypted pass through unchanged when read, so that it can be switched on
// while workflows run.
package codec

import (
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/tink"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"shiming/internal/vault"
)

const (
	// Encoding marks an encrypted payload in its metadata.
	Encoding = "binary/encrypted"

	// MetadataKeyID names the metadata that says which key encrypted a payload, for people; decryption does not rely on it.
	MetadataKeyID = "encryption-key-id"
)

// ErrUndecryptable says that a payload was encrypted with a key that is not in the keyset, or is damaged.
var ErrUndecryptable = errors.New("codec: payload cannot be decrypted")

// binding keeps ciphertexts of other uses of the key out.
var binding = []byte("shiming/temporal payload")

type codec struct {
	key tink.AEAD
	id  string
}

// New returns the codec over the vault's engine key.
func New(keys *vault.Keys) converter.PayloadCodec {
	key, id := keys.Engine()
	return &codec{key: key, id: id}
}

// DataConverter is Temporal's default one, encrypting.
func DataConverter(c converter.PayloadCodec) converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
}

// FailureConverter puts messages and stack traces of failures where dc encrypts them.
func FailureConverter(dc converter.DataConverter) converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: dc, EncodeCommonAttributes: true,
	})
}

// Encode implements converter.PayloadCodec.
func (c *codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	encrypted := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("codec: marshal payload: %w", err)
		}
		sealed, err := c.key.Encrypt(plain, binding)
		if err != nil {
			return nil, fmt.Errorf("codec: encrypt payload: %w", err)
		}
		encrypted[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding), MetadataKeyID: []byte(c.id)},
			Data:     sealed,
		}
	}
	return encrypted, nil
}

// Decode implements converter.PayloadCodec.
func (c *codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	plain := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
			plain[i] = p
			continue
		}
		b, err := c.key.Decrypt(p.GetData(), binding)
		if err != nil {
			return nil, ErrUndecryptable
		}
		plain[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(b, plain[i]); err != nil {
			return nil, ErrUndecryptable
		}
	}
	return plain, nil
}
