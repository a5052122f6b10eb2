package codec

import (
	"errors"

	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// FailureConverter puts messages and stack traces of failures where dc encrypts them. Only that a payload was refused is said in
// clear: whoever sent it has no key to read an answer with.
func FailureConverter(dc converter.DataConverter) converter.FailureConverter {
	return failures{dc}
}

type failures struct{ dc converter.DataConverter }

func (f failures) hiding(common bool) converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: f.dc, EncodeCommonAttributes: common})
}

// ErrorToFailure implements converter.FailureConverter.
func (f failures) ErrorToFailure(err error) *failurepb.Failure {
	return f.hiding(!refused(err)).ErrorToFailure(err)
}

// FailureToError implements converter.FailureConverter.
func (f failures) FailureToError(failure *failurepb.Failure) error {
	return f.hiding(true).FailureToError(failure)
}

// WithSerializationContext passes on where payloads belong.
func (f failures) WithSerializationContext(at converter.SerializationContext) converter.FailureConverter {
	return failures{converter.WithDataConverterSerializationContext(f.dc, at)}
}

// refused reports whether an error is this package's: its words are known.
func refused(err error) bool {
	for _, one := range []error{ErrPlain, ErrElsewhere, ErrMissing, ErrUndecryptable} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
