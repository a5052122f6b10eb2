package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"shiming/registration"
)

// nulls names everything in a body that is null. No field takes it: null is no text, no number and no list, and a field that
// is not meant is left out.
func nulls(body []byte) []registration.FieldError {
	var v any
	if json.Unmarshal(body, &v) != nil { // answered elsewhere
		return nil
	}
	var found []registration.FieldError
	findNulls("body", v, &found)
	return found
}

func findNulls(at string, v any, found *[]registration.FieldError) {
	switch v := v.(type) {
	case nil:
		*found = append(*found, registration.FieldError{Location: at, Code: codeInvalid, Message: "The value is null; leave the field out if it is not meant."})
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			findNulls(at+"."+name, v[name], found)
		}
	case []any:
		for i, one := range v {
			findNulls(at+"["+strconv.Itoa(i)+"]", one, found)
		}
	}
}
