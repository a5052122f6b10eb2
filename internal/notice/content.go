package notice

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"sync"
	"text/template"
)

//go:embed templates
var files embed.FS

// library holds the parsed templates: the words of a notice per language and kind, and the one layout
// that all of them share, as text and as HTML.
type library struct {
	content map[contentKey]*template.Template
	text    *template.Template
	html    *htmltemplate.Template
}

type contentKey struct {
	locale string
	kind   Kind
}

// templates parses once; a template that does not parse is a broken build.
var templates = sync.OnceValue(func() library {
	lib := library{
		content: make(map[contentKey]*template.Template),
		text:    template.Must(template.ParseFS(files, "templates/layout.txt")),
		html:    htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html")),
	}
	for _, locale := range locales() {
		dir := "templates/" + locale + "/"
		for _, kind := range Kinds() {
			lib.content[contentKey{locale, kind}] = template.Must(template.ParseFS(files, dir+"common.tmpl", dir+string(kind)+".tmpl"))
		}
	}
	return lib
})

// block executes one named part of a notice's words; "" if the notice has no such part.
func block(content *template.Template, name string, v any) (string, error) {
	part := content.Lookup(name)
	if part == nil {
		return "", nil
	}
	var out strings.Builder
	if err := part.Execute(&out, v); err != nil {
		return "", fmt.Errorf("notice: block %q: %w", name, err)
	}
	return strings.TrimSpace(out.String()), nil
}

// paragraphs splits a block: every line is one.
func paragraphs(block string) []string {
	var all []string
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
