package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Error says which settings are missing or wrong, and what each should be.
type Error struct{ Problems []string }

func (e *Error) Error() string {
	return "these settings (environment variables) are missing or wrong:\n  " + strings.Join(e.Problems, "\n  ")
}

// Read reads a process's settings from its environment. What is wrong is an [*Error].
func Read[T any]() (T, error) { return From[T](env.ToMap(os.Environ())) }

// From reads a process's settings from vars, by the same rules.
func From[T any](vars map[string]string) (T, error) {
	var cfg T
	found := wishes(reflect.TypeFor[T]())
	wrong := found.explain(env.ParseWithOptions(&cfg, env.Options{Environment: vars}))
	if c, ok := any(&cfg).(checker); ok {
		wrong = append(wrong, c.check()...)
	}
	if len(wrong) > 0 {
		return cfg, &Error{found.complain(wrong)}
	}
	return cfg, nil
}

// Names lists the environment variables that T's settings are read from.
func Names[T any]() []string {
	var names []string
	for _, w := range wishes(reflect.TypeFor[T]()) {
		names = append(names, w.name)
	}
	return names
}

// wish is what a setting should be.
type wish struct{ field, name, want string }

type wishList []wish

func wishes(t reflect.Type) wishList {
	var list wishList
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name != "":
			list = append(list, wish{f.Name, name, f.Tag.Get("want")})
		case f.Type.Kind() == reflect.Struct && !f.Anonymous: // VisibleFields has the fields of embedded ones
			list = append(list, wishes(f.Type)...)
		}
	}
	return list
}

// explain puts the parser's errors into words for whoever sets the variables.
func (l wishList) explain(err error) []problem {
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []problem{{what: err.Error()}}
	}
	var found []problem
	for _, one := range all.Errors {
		var unset env.VarIsNotSetError
		var empty env.EmptyVarError
		var wrong env.ParseError
		switch {
		case errors.As(one, &unset):
			found = append(found, problem{unset.Key, "is not set"})
		case errors.As(one, &empty):
			found = append(found, problem{empty.Key, "is empty"})
		case errors.As(one, &wrong):
			found = append(found, problem{l.nameOf(wrong.Name), "cannot be read"})
		default:
			found = append(found, problem{what: one.Error()})
		}
	}
	return found
}

func (l wishList) nameOf(field string) string {
	for _, w := range l {
		if w.field == field {
			return w.name
		}
	}
	return field
}

// complain says of each setting the first thing that is wrong: one that could not be read holds nothing to be judged.
func (l wishList) complain(wrong []problem) []string {
	var lines []string
	told := map[string]bool{}
	for _, p := range wrong {
		if told[p.name] {
			continue
		}
		told[p.name] = p.name != ""
		lines = append(lines, l.line(p))
	}
	return lines
}

func (l wishList) line(p problem) string {
	for _, w := range l {
		if w.name == p.name {
			return fmt.Sprintf("%s %s: want %s", p.name, p.what, w.want)
		}
	}
	return strings.TrimSpace(p.name + " " + p.what)
}
