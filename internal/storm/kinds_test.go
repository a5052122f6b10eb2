package storm

import (
	"regexp"
	"strings"

	"shiming/internal/notice"
)

// noticeKinds knows a notice by its words.
type noticeKinds struct {
	subjects  map[string]string
	templates map[string]string
	texts     map[string]*regexp.Regexp
}

var kinds = knownKinds()

// variants are what a kind's subject depends on.
var variants = []notice.Data{
	{Token: "token"},
	{Token: "token", Outcome: notice.OutcomeCleared},
	{Token: "token", Outcome: notice.OutcomeObjected},
	{Token: "token", Outcome: notice.OutcomeRejected},
	{Token: "token", Outcome: notice.OutcomeRejected, Final: true},
}

func knownKinds() noticeKinds {
	k := noticeKinds{subjects: map[string]string{}, templates: map[string]string{}, texts: map[string]*regexp.Regexp{}}
	for _, kind := range notice.Kinds() {
		for _, data := range variants {
			m, err := notice.Render(kind, "zh-CN", data)
			if err != nil {
				panic(err) // none of a kind's texts needs more than a token
			}
			k.subjects[plainSubject(m.Subject)] = string(kind)
			if m.SMSTemplate != "" {
				k.templates[m.SMSTemplate] = string(kind)
			}
		}
	}
	hole := regexp.MustCompile(`\\\$\\\{[a-z0-9_]+\\\}`)
	for code, text := range notice.SMSTemplates() {
		if kind := k.templates[code]; kind != "" {
			k.texts[kind] = regexp.MustCompile("^【[^】]*】" + hole.ReplaceAllString(regexp.QuoteMeta(text), ".*") + "$")
		}
	}
	return k
}

var (
	moment    = regexp.MustCompile(`请于.*前`)
	reference = regexp.MustCompile(`：.*`)
)

// plainSubject leaves out what differs from one notice of a kind to another.
func plainSubject(s string) string {
	return strings.TrimSpace(reference.ReplaceAllString(moment.ReplaceAllString(s, ""), ""))
}

func (k noticeKinds) ofSubject(subject string) string { return k.subjects[plainSubject(subject)] }

func (k noticeKinds) ofTemplate(code string) string { return k.templates[code] }

// ofText is the kind of an SMS, "" for one that is not ours.
func (k noticeKinds) ofText(text string) string {
	for kind, pattern := range k.texts {
		if pattern.MatchString(text) {
			return kind
		}
	}
	return ""
}
