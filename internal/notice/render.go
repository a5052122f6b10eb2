package notice

import (
	"fmt"
	"strings"
)

// page is what the shared layout shows.
type page struct {
	Locale       string
	Colon        string
	Subject      string
	Body, Next   []string
	Reasons      []reasonWords
	Facts        []fact
	Action, Link string
	Footer       string
}

// Render writes a notice in the locale ("en" or, for anything else, zh-CN). It fails on an unknown kind and
// on a link that is missing where the notice is useless without, or is not an http(s) URL.
//
// PaymentFailed and WindowClosed share their ways on: the failure's code decides which of the two texts is used.
func Render(kind Kind, locale string, d Data) (Message, error) {
	if _, known := kind.rule(); !known {
		return Message{}, fmt.Errorf("%w: %q", ErrUnknownKind, oneLine(string(kind), maxID))
	}
	link, err := checkLink(kind, d.Link, d.Token)
	if err != nil {
		return Message{}, fmt.Errorf("%w (%s)", err, kind)
	}
	kind = kind.forFailure(d.Failure)
	w := wordsOf(pickLocale(locale))
	v := newView(w, kind, d)

	p, err := fill(w, kind, d, v)
	if err != nil {
		return Message{}, err
	}
	p.Link = link
	m := Message{Subject: p.Subject}
	if m.Text, m.HTML, err = lay(p); err != nil {
		return Message{}, err
	}
	m.SMSTemplate, m.SMSParams = smsOf(w, kind, d, v)
	return m, nil
}

// fill puts a notice's words together.
func fill(w *words, kind Kind, d Data, v view) (page, error) {
	p := page{Locale: w.locale, Colon: w.colon, Reasons: spellReasons(w, kind, d), Facts: facts(w, kind, d, v)}
	content := templates().content[contentKey{w.locale, kind}]
	var body, next string
	for _, part := range []struct {
		name string
		to   *string
	}{
		{"subject", &p.Subject}, {"body", &body}, {"next", &next}, {"action", &p.Action}, {"footer", &p.Footer},
	} {
		got, err := block(content, part.name, v)
		if err != nil {
			return page{}, err
		}
		*part.to = got
	}
	p.Subject = oneLine(p.Subject, maxSubject) // one line, whatever an id may hold
	p.Body, p.Next = paragraphs(body), paragraphs(next)
	return p, nil
}

// lay sets a page in the shared layout, as plain text and as HTML.
func lay(p page) (text, html string, err error) {
	var plain, rich strings.Builder
	if err := templates().text.Execute(&plain, p); err != nil {
		return "", "", fmt.Errorf("notice: text layout: %w", err)
	}
	if err := templates().html.Execute(&rich, p); err != nil {
		return "", "", fmt.Errorf("notice: HTML layout: %w", err)
	}
	return strings.TrimSpace(plain.String()) + "\n", rich.String(), nil
}
