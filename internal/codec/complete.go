package codec

import (
	"go.temporal.io/sdk/converter"

	commonpb "go.temporal.io/api/common/v1"
)

// complete is a data converter that refuses when fewer values come than are wanted. Others leave those unset, and a result that
// somebody made up of nothing would read as the zero value: a card that nobody refused.
type complete struct{ converter.DataConverter }

// optional is what may be left unset: it was added after releases that did not send it, and means nothing if it did not come.
type optional interface{ MayBeMissing() }

// FromPayloads implements converter.DataConverter.
func (c complete) FromPayloads(payloads *commonpb.Payloads, values ...any) error {
	came := len(payloads.GetPayloads())
	for len(values) > came {
		if _, dispensable := values[len(values)-1].(optional); !dispensable {
			return ErrMissing
		}
		values = values[:len(values)-1]
	}
	return c.DataConverter.FromPayloads(payloads, values...)
}

// WithSerializationContext passes on where payloads belong.
func (c complete) WithSerializationContext(at converter.SerializationContext) converter.DataConverter {
	return complete{converter.WithDataConverterSerializationContext(c.DataConverter, at)}
}
