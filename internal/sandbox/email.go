package sandbox

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/mail"
	"slices"
)

type mailAddress struct {
	Email string `json:"email"`
}

// mailRequest is the part of SendGrid's mail/send body that shows in a mailbox.
type mailRequest struct {
	Personalizations []struct {
		To      []mailAddress `json:"to"`
		CC      []mailAddress `json:"cc"`
		BCC     []mailAddress `json:"bcc"`
		Subject string        `json:"subject"`
	} `json:"personalizations"`
	From    mailAddress `json:"from"`
	Subject string      `json:"subject"`
	Content []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"content"`
}

// sendMail plays SendGrid's POST /v3/mail/send.
func (s *Server) sendMail(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answerSendGrid(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large", "")
		return
	}
	var in mailRequest
	if err := json.Unmarshal(raw, &in); err != nil {
		answerSendGrid(w, http.StatusBadRequest, "Bad Request", "")
		return
	}
	mails, problem, field := in.messages()
	if problem != "" {
		answerSendGrid(w, http.StatusBadRequest, problem, field)
		return
	}
	s.update(func(st *state) {
		for _, m := range mails {
			st.deliver(m)
		}
	})
	w.Header().Set("X-Message-Id", newID("mail"))
	w.WriteHeader(http.StatusAccepted)
}

// messages are one for each recipient; or what SendGrid says is wrong, and with which field.
func (in mailRequest) messages() (mails []message, problem, field string) {
	body, problem, field := in.body()
	if problem != "" {
		return nil, problem, field
	}
	if len(in.Personalizations) == 0 {
		return nil, "The personalizations field is required and must have at least one personalization.", "personalizations"
	}
	for _, p := range in.Personalizations {
		m := body
		m.Subject = cmp.Or(p.Subject, in.Subject)
		if m.Subject == "" {
			return nil, "The subject is required.", "subject"
		}
		if len(p.To) == 0 {
			return nil, "The to array is required for all personalization objects.", "personalizations.0.to"
		}
		for _, to := range slices.Concat(p.To, p.CC, p.BCC) {
			if !isMailbox(to.Email) {
				return nil, "Does not contain a valid address.", "personalizations.0.to.0.email"
			}
			m.To = to.Email
			mails = append(mails, m)
		}
	}
	return mails, "", ""
}

// body is what every recipient gets.
func (in mailRequest) body() (body message, problem, field string) {
	body.Channel = emailParty
	if !isMailbox(in.From.Email) {
		return body, "The from email does not contain a valid address.", "from.email"
	}
	if len(in.Content) == 0 {
		return body, "Unless a valid template_id is provided, the content parameter is required.", "content"
	}
	for _, c := range in.Content {
		if c.Value == "" {
			return body, "The content value must be a string at least one character in length.", "content.0.value"
		}
		switch c.Type {
		case "text/plain":
			body.Text = c.Value
		case "text/html":
			body.HTML = c.Value
		}
	}
	return body, "", ""
}

func isMailbox(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

// answerSendGrid answers an error in SendGrid's form.
func answerSendGrid(w http.ResponseWriter, status int, problem, field string) {
	type item struct {
		Message string  `json:"message"`
		Field   *string `json:"field"`
	}
	it := item{Message: problem}
	if field != "" {
		it.Field = &field
	}
	writeJSON(w, status, map[string][]item{"errors": {it}})
}
