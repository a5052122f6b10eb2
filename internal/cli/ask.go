package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// inputFlags say where a command's fields come from.
type inputFlags struct {
	From string `type:"path" placeholder:"FILE" help:"Read the fields from this file, a JSON object as the API takes it; - for stdin. Left out: they are asked for at a terminal, and read from stdin where it is none."`
}

// maxInput bounds what is read of an input, in bytes.
const maxInput = 1 << 20

// field is one field of a request's body.
type field struct {
	name     string // its path, such as "bank.account_number"
	prompt   string
	secret   bool // typed without echo
	optional bool // the API says whether it is needed
}

// fields collects a body: what is preset by arguments, else what the input holds, else what a person answers.
func (f inputFlags) fields(ctx context.Context, o *IO, preset map[string]any, asked []field) (map[string]any, error) {
	body := map[string]any{}
	for path, value := range preset {
		put(body, path, value)
	}
	if f.From == "" && o.terminal() == nil && len(missing(body, asked)) == 0 {
		return body, nil // nothing is left to read, and stdin may be somebody else's
	}
	given, err := f.read(o, asked)
	if err != nil {
		return nil, err
	}
	for name, value := range given {
		if _, stands := body[name]; !stands {
			body[name] = value
		}
	}
	return body, o.complete(ctx, body, asked, given == nil)
}

// missing are the fields that a body has not, optional ones too.
func missing(body map[string]any, asked []field) []field {
	var left []field
	for _, one := range asked {
		if !has(body, one.name) {
			left = append(left, one)
		}
	}
	return left
}

// read reads the input; nil: there is none, and a person is to be asked. A lone field may stand there bare.
func (f inputFlags) read(o *IO, asked []field) (map[string]any, error) {
	raw, err := f.source(o)
	if raw == nil || err != nil {
		return nil, err
	}
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return map[string]any{}, nil
	case raw[0] != '{' && len(asked) == 1:
		return map[string]any{asked[0].name: string(raw)}, nil
	}
	given := map[string]any{}
	numbers := json.NewDecoder(bytes.NewReader(raw))
	numbers.UseNumber()
	if err := numbers.Decode(&given); err != nil {
		return nil, usage("the input is no JSON object such as {%q: …}", asked[0].name) // the decoder's own words quote it
	}
	if numbers.More() {
		return nil, usage("the input holds more than one JSON object")
	}
	return given, nil
}

func (f inputFlags) source(o *IO) ([]byte, error) {
	in := o.In
	switch {
	case f.From == "" && o.terminal() != nil:
		return nil, nil
	case f.From != "" && f.From != "-":
		file, err := os.Open(f.From)
		if err != nil {
			return nil, usage("--from: %v", err)
		}
		defer file.Close() //nolint:errcheck // only read
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	if len(raw) > maxInput {
		return nil, usage("the input is larger than 1 MiB")
	}
	if raw == nil {
		raw = []byte{}
	}
	return raw, nil
}

// complete asks a person for what a body has not. Where an input was given, what may be left out was left out.
func (o *IO) complete(ctx context.Context, body map[string]any, asked []field, all bool) error {
	var none []string
	for _, one := range missing(body, asked) {
		switch {
		case one.optional && !all:
			continue
		case o.terminal() == nil:
			if !one.optional {
				none = append(none, one.name)
			}
			continue
		}
		answer, err := o.prompt(ctx, one)
		if err != nil {
			return err
		}
		if answer != "" {
			put(body, one.name, answer)
		} else if !one.optional {
			none = append(none, one.name)
		}
	}
	if len(none) > 0 {
		return usage("missing: %s (give a JSON object on stdin or with --from, or type them at a terminal)", strings.Join(none, ", "))
	}
	return nil
}

// has reports whether a body has a field, by its path.
func has(body map[string]any, path string) bool {
	head, rest, deeper := strings.Cut(path, ".")
	value, ok := body[head]
	if !deeper || !ok {
		return ok
	}
	part, ok := value.(map[string]any)
	return ok && has(part, rest)
}

// put puts a field into a body, by its path.
func put(body map[string]any, path string, value any) {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		body[head] = value
		return
	}
	part, ok := body[head].(map[string]any)
	if !ok {
		part = map[string]any{}
		body[head] = part
	}
	put(part, rest, value)
}

// given are the arguments that were given, as presets.
func given(pairs ...pair) map[string]any {
	preset := map[string]any{}
	for _, one := range pairs {
		if one.value != "" {
			preset[one.name] = one.value
		}
	}
	return preset
}

// errInterrupted says that a person has stopped the command.
var errInterrupted = errors.New("interrupted")
