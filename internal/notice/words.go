package notice

import "strings"

// words are one language's terms for what the API names by code.
type words struct {
	locale string

	fields   map[string]string // by path
	reasons  map[string]string // by reason code
	failures map[string]string // by failure code; at most 35 characters, they go into SMS
	kinds    map[string]string // what is registered
	// deadlines are what a deadline is about, in the plural.
	deadlines map[string]string

	anyField, anyReason, anyFailure, anyDeadline string // where a code has no words of its own

	beijingTime, beijingTimeProvisional string
	thirdWorkingDay, deadlineOnPage     string
	colon                               string
	unnamed                             string // stands for a name in an SMS
	labels                              factLabels
}

// factLabels head the short list under a notice.
type factLabels struct{ reference, account, kind, due, detail string }

func wordsOf(locale string) *words {
	if locale == en {
		return english()
	}
	return chinese()
}

// field finds the words for a path, or for the nearest part of it that has some.
func (w *words) field(path string) string {
	for path != "" {
		if name, ok := w.fields[path]; ok {
			return name
		}
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
	}
	return w.anyField
}

func (w *words) reason(code string) string { return wordOr(w.reasons, code, w.anyReason) }

func (w *words) failure(kind Kind, code string) string {
	if code == "" && kind == WindowClosed {
		code = FailureWindowClosed
	}
	return wordOr(w.failures, code, w.anyFailure)
}

func wordOr(from map[string]string, code, otherwise string) string {
	if word, ok := from[code]; ok {
		return word
	}
	return otherwise
}

// FieldName says in words, in the locale, what a path of the API ("company.bank.account_number") names.
func FieldName(locale, path string) string {
	return wordsOf(pickLocale(locale)).field(path)
}
