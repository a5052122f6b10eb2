package notice

import (
	"regexp"
	"strings"
	"unicode"
)

// Aliyun takes at most 35 characters for a parameter, and refuses emoji and links in one. A name gets less:
// the phone number is not proven yet, so nobody may put a message of their own into ours.
const (
	maxSMSParam = 35
	maxSMSName  = 20
)

var (
	placeholder = regexp.MustCompile(`\$\{([a-z][a-z0-9_]*)\}`)
	longDigits  = regexp.MustCompile(`\p{Nd}{5,}`) // a number to call
)

// SMSTemplates lists the texts to register with the SMS provider, by template code. Placeholders are
// ${name}, ${last4}, ${deadline}, ${reason} and ${token}; the signature in front is the provider's to add.
func SMSTemplates() map[string]string {
	all := make(map[string]string)
	for _, kind := range Kinds() {
		for _, locale := range locales() {
			if text := smsText(locale, kind); text != "" {
				all[smsCode(locale, kind)] = text
			}
		}
	}
	return all
}

// SMSText fills a template as the provider does; "" for an unknown code.
func SMSText(code string, params map[string]string) string {
	return placeholder.ReplaceAllStringFunc(SMSTemplates()[code], func(match string) string {
		return params[placeholder.FindStringSubmatch(match)[1]]
	})
}

// smsCode is like SHIMING_PAYMENT_REQUESTED_ZH.
func smsCode(locale string, kind Kind) string {
	language, _, _ := strings.Cut(locale, "-")
	return strings.ToUpper("shiming_" + string(kind) + "_" + language)
}

// smsText is the registered text, "" for a kind that has none. It is fixed: only placeholders vary.
func smsText(locale string, kind Kind) string {
	if r, _ := kind.rule(); !r.sms {
		return ""
	}
	text, err := block(templates().content[contentKey{locale, kind}], "sms", view{})
	if err != nil {
		panic(err) // a fixed text that does not execute is a broken build
	}
	return text
}

// smsOf picks the template and fills just the parameters it has. A provisional deadline is not marked: it can
// only move later, and the e-mail says so.
func smsOf(w *words, kind Kind, d Data, v view) (code string, params map[string]string) {
	text := smsText(w.locale, kind)
	if text == "" {
		return "", nil
	}
	values := map[string]string{
		"name":     orElse(smsName(orElse(d.DeveloperName, d.CompanyName)), w.unnamed),
		"last4":    orElse(v.Account, "****"),
		"deadline": smsParam(v.Time),
		"reason":   smsParam(v.Failure),
		"token":    orElse(smsParam(d.Token), "****"),
	}
	params = make(map[string]string)
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		params[match[1]] = values[match[1]]
	}
	return smsCode(w.locale, kind), params
}

// smsName cleans a name a stranger may have chosen.
func smsName(name string) string {
	return truncate(longDigits.ReplaceAllString(smsParam(name), "…"), maxSMSName)
}

// smsParam cleans a parameter: one line, no emoji, no link, no brackets that look like a signature.
func smsParam(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '【', r == '】', r == '[', r == ']', r == '$', r == '{', r == '}':
			return ' '
		case r == zeroWidthJoiner, unicode.Is(unicode.Variation_Selector, r), unicode.In(r, unicode.So, unicode.Sk, unicode.Me, unicode.Co):
			return -1
		default:
			return r
		}
	}, s)
	return truncate(unlink(oneLine(s, maxName), middleDot), maxSMSParam)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
