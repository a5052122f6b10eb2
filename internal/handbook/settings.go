package handbook

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"shiming/internal/config"
)

// The markers that the table stands between.
const (
	begin = "<!-- settings -->\n"
	end   = "<!-- /settings -->\n"
)

// Fill puts the table of all settings between its markers and leaves the rest of the page as it is.
func Fill(page string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", errors.New("handbook: the page lacks the markers of the settings' table")
	}
	return before + begin + table() + end + after, nil
}

// setting is an environment variable and who reads it.
type setting struct {
	name, fallback, want string
	required             bool
	readers              []string
	without              []string // readers that can do without what another requires
}

func table() string {
	var b strings.Builder
	b.WriteString("| setting | read by | default | what it is |\n| --- | --- | --- | --- |\n")
	for _, s := range all() {
		fallback := "none"
		switch {
		case s.required:
			fallback = strings.Join(append([]string{"**required**"}, s.without...), "; not by the ")
		case s.fallback != "":
			fallback = "`" + s.fallback + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, strings.Join(s.readers, ", "), fallback, strings.ReplaceAll(s.want, "|", `\|`))
	}
	return b.String()
}

// all lists every setting once, in the order in which the processes' structs have them.
func all() []*setting {
	var list []*setting
	for _, process := range []struct {
		name string
		of   reflect.Type
	}{
		{"api", reflect.TypeFor[config.API]()},
		{"worker", reflect.TypeFor[config.Worker]()},
		{"sandbox", reflect.TypeFor[config.Sandbox]()},
		{"migrate", reflect.TypeFor[config.Migrate]()},
		{"calendar", reflect.TypeFor[config.Calendar]()},
		{"backup", reflect.TypeFor[config.Backup]()},
		{"drill", reflect.TypeFor[config.Drill]()},
		{"repair", reflect.TypeFor[config.Repair]()},
	} {
		for _, s := range read(process.of) {
			i := slices.IndexFunc(list, func(known *setting) bool { return known.name == s.name })
			if i < 0 {
				list = append(list, s)
				i = len(list) - 1
			}
			list[i].read(process.name, s.required)
		}
	}
	return list
}

// read notes that a process reads the setting too.
func (s *setting) read(process string, required bool) {
	switch {
	case required && !s.required:
		s.without, s.required = slices.Clone(s.readers), true
	case !required && s.required:
		s.without = append(s.without, process)
	}
	s.readers = append(s.readers, process)
}

func read(t reflect.Type) []*setting {
	var list []*setting
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name != "":
			list = append(list, &setting{
				name: name, fallback: f.Tag.Get("envDefault"), want: f.Tag.Get("want"),
				required: slices.Contains(strings.Split(options, ","), "required"),
			})
		case f.Type.Kind() == reflect.Struct && !f.Anonymous: // VisibleFields has the fields of embedded ones
			list = append(list, read(f.Type)...)
		}
	}
	return list
}
