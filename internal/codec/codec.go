// Package codec encrypts what Temporal stores: arguments, results, heartbeats, memos and, with the failure converter, error
// messages and stack traces.
//
// It promises that what it wrote is read only with the vault's engine keys, and that a process takes nothing from the engine
// that no holder of these keys has written for that very workflow, and for that activity if it is one's: whoever reaches
// the engine's port can neither make up an argument or a result, nor copy one from another run's history. Beside that
// it is a second lock: personal data is kept out of Temporal in the first place. It does not cover what Temporal reads
// itself: search attributes, and the ids of workflows, updates and activities.
//
// It refuses what is not encrypted, what is missing, what was encrypted with a key that is not in the keyset, what was meant for
// elsewhere, and what was changed since. Every client and worker of a namespace must use it. The server's own words (that
// something timed out, was cancelled or terminated) are no payloads and are not affected.
package codec

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/tink"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"shiming/internal/vault"
)

const (
	// Encoding marks an encrypted payload in its metadata.
	Encoding = "binary/encrypted"

	// MetadataKeyID names the metadata that says which key encrypted a payload, for people; decryption does not rely on it.
	MetadataKeyID = "encryption-key-id"

	// MetadataPlace names the metadata that says where a payload belongs. It is authenticated with the payload.
	MetadataPlace = "belongs-to"
)

var (
	// ErrUndecryptable says that a payload was encrypted with a key that is not in the keyset, or is damaged.
	ErrUndecryptable = errors.New("codec: payload cannot be decrypted")

	// ErrPlain says that a payload is not encrypted: no process of the product has written it.
	ErrPlain = errors.New("codec: payload is not encrypted: only the product's own processes may write to its workflows")

	// ErrElsewhere says that a payload was written for another workflow or activity.
	ErrElsewhere = errors.New("codec: payload belongs to another workflow or activity")

	// ErrMissing says that fewer values came than are wanted.
	ErrMissing = errors.New("codec: a payload is missing")
)

// codec seals payloads for one place and opens those that belong there.
type codec struct {
	key tink.AEAD
	id  string
	at  place
}

// New returns the codec over the vault's engine key, for the product's processes.
func New(keys *vault.Keys) converter.PayloadCodec {
	key, id := keys.Engine()
	return &codec{key: key, id: id}
}

// WithSerializationContext is the SDK's way to say where the payloads belong that come next.
func (c *codec) WithSerializationContext(at converter.SerializationContext) converter.PayloadCodec {
	return &codec{key: c.key, id: c.id, at: placeOf(at)}
}

// DataConverter is Temporal's default one, encrypting. It refuses to leave a value unset because it did not come.
func DataConverter(c converter.PayloadCodec) converter.DataConverter {
	return complete{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)}
}

// Encode implements converter.PayloadCodec.
func (c *codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	encrypted := make([]*commonpb.Payload, len(payloads))
	label := c.at.label()
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("codec: marshal payload: %w", err)
		}
		sealed, err := c.key.Encrypt(plain, bind(label))
		if err != nil {
			return nil, fmt.Errorf("codec: encrypt payload: %w", err)
		}
		encrypted[i] = &commonpb.Payload{
			Metadata: map[string][]byte{
				converter.MetadataEncoding: []byte(Encoding), MetadataKeyID: []byte(c.id), MetadataPlace: label,
			},
			Data: sealed,
		}
	}
	return encrypted, nil
}

// Decode implements converter.PayloadCodec.
func (c *codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	plain := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if !sealed(p) {
			return nil, ErrPlain
		}
		if label, labelled := p.GetMetadata()[MetadataPlace]; labelled && !bytes.Equal(label, c.at.label()) {
			return nil, ErrElsewhere
		}
		var err error
		if plain[i], err = open(c.key, p); err != nil {
			return nil, err
		}
	}
	return plain, nil
}

func sealed(p *commonpb.Payload) bool {
	return string(p.GetMetadata()[converter.MetadataEncoding]) == Encoding
}

// open decrypts a payload that belongs where its label says. One without a label is of a release that wrote none.
func open(key tink.AEAD, p *commonpb.Payload) (*commonpb.Payload, error) {
	b, err := key.Decrypt(p.GetData(), bind(p.GetMetadata()[MetadataPlace]))
	if err != nil {
		return nil, ErrUndecryptable
	}
	plain := &commonpb.Payload{}
	if err := proto.Unmarshal(b, plain); err != nil {
		return nil, ErrUndecryptable
	}
	return plain, nil
}
