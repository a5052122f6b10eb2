package codec

import (
	"fmt"

	"go.temporal.io/sdk/converter"
)

// place is where a payload belongs. A workflow's arguments, signals, updates and queries belong to it; arguments, result and failure
// of an activity to that kind of activity in it. The zero place is none.
type place struct{ namespace, workflow, activity string }

func placeOf(at converter.SerializationContext) place {
	switch at := at.(type) {
	case converter.WorkflowSerializationContext:
		return place{namespace: at.Namespace, workflow: at.WorkflowID}
	case converter.ActivitySerializationContext:
		return place{namespace: at.Namespace, workflow: at.WorkflowID, activity: at.ActivityType}
	}
	return place{}
}

// label writes the place down, so that people can have a payload opened without knowing where it was found. Quoted, two
// places never have one label.
func (p place) label() []byte {
	return fmt.Appendf(nil, "%q %q %q", p.namespace, p.workflow, p.activity)
}

// bind is what is authenticated with a payload: what the key is used for, which keeps ciphertexts of its other uses out, and
// where the payload belongs.
func bind(label []byte) []byte { return append([]byte("shiming/temporal payload"), label...) }
