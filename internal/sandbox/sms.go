package sandbox

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

var (
	mobile      = regexp.MustCompile(`^1[3-9]\d{9}$`)
	placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)
)

// sendSMS plays Aliyun's SendSms (dysmsapi 2017-05-25). What is wrong with a message is answered with status 200 and a
// code, as Aliyun does.
func (s *Server) sendSMS(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		answerAliyun(w, http.StatusBadRequest, "InvalidParameter", "")
		return
	}
	// Signed the new way the action is a header, the old way a parameter.
	if r.Header.Get("x-acs-action") != "SendSms" && r.Form.Get("Action") != "SendSms" {
		answerAliyun(w, http.StatusNotFound, "InvalidAction.NotFound", "")
		return
	}
	text, code := s.renderSMS(r.Form.Get("SignName"), r.Form.Get("TemplateCode"), r.Form.Get("TemplateParam"))
	if code != "" {
		answerAliyun(w, http.StatusOK, code, "")
		return
	}
	numbers := strings.Split(r.Form.Get("PhoneNumbers"), ",")
	for i, number := range numbers {
		numbers[i] = recipient(number)
		if !mobile.MatchString(numbers[i]) {
			answerAliyun(w, http.StatusOK, "isv.MOBILE_NUMBER_ILLEGAL", "")
			return
		}
	}
	s.update(func(st *state) {
		for _, number := range numbers {
			st.deliver(message{Channel: smsParty, To: number, Text: text})
		}
	})
	answerAliyun(w, http.StatusOK, "OK", newID("biz"))
}

// renderSMS fills the registered text, or returns the code it is refused with.
func (s *Server) renderSMS(sign, template, params string) (text, code string) {
	registered, ok := s.cfg.SMSTemplates[template]
	values := map[string]string{}
	switch {
	case sign == "":
		return "", "isv.SMS_SIGNATURE_ILLEGAL"
	case !ok:
		return "", "isv.SMS_TEMPLATE_ILLEGAL"
	case params != "" && json.Unmarshal([]byte(params), &values) != nil:
		return "", "isv.INVALID_JSON_PARAM"
	}
	text = placeholder.ReplaceAllStringFunc(registered, func(match string) string {
		value, ok := values[placeholder.FindStringSubmatch(match)[1]]
		if !ok {
			code = "isv.TEMPLATE_MISSING_PARAMETERS"
		}
		return value
	})
	return "【" + sign + "】" + text, code
}

// answerAliyun answers in the form of Aliyun's RPC interfaces.
func answerAliyun(w http.ResponseWriter, status int, code, bizID string) {
	answer := map[string]string{"RequestId": newID("req"), "Code": code, "Message": code}
	if bizID != "" {
		answer["BizId"] = bizID
	}
	writeJSON(w, status, answer)
}
