package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/wallet"
	"shiming/registration"
)

// verification makes the routes that prove who applies.
func (s *server) verification() {
	register(s, s.actRoute("hand-in-card", http.MethodPost, "/card", "Hand in a debit card",
		"An individual's contact is verified by a personal debit card. The wallet checks the payment password first; the bank then sends an SMS code.",
		registration.CodeSubmittedLocked, problem.CodePaymentPasswordIncorrect, problem.CodeCardInvalid, problem.CodeIDNumberInvalid, problem.CodePhoneInvalid,
		registration.CodeCardNotDebit, registration.CodeCardIsCorporate, registration.CodeCardUnusable, registration.CodeCardElementsMismatch,
		registration.CodeCardAttemptsExceeded, registration.CodeActsExceeded, registration.CodeAccountLimitReached, registration.CodeProviderUnavailable), s.card)
	register(s, s.actRoute("confirm-card-code", http.MethodPost, "/card/code", "Confirm the SMS code",
		"Proves the card's holder and claims the identity. Five wrong codes lead back to the card.",
		registration.CodeCodeIncorrect, registration.CodeCodeExpired, registration.CodeCodeAttemptsExceeded, registration.CodeIdentityInUse,
		registration.CodeActsExceeded, registration.CodeAccountLimitReached, registration.CodeProviderUnavailable), s.cardCode)
	register(s, s.actRoute("resend-card-code", http.MethodPost, "/card/code/resend", "Send the SMS code again",
		"At most once a minute, and five times in all.",
		registration.CodeCodeResendTooSoon, registration.CodeCodeAttemptsExceeded, registration.CodeAccountLimitReached, registration.CodeProviderUnavailable), s.resend)
	register(s, s.actRoute("open-admin-session", http.MethodPost, "/admin-session", "Open a QR session for the administrator",
		"An enterprise's administrator scans the code with a phone within 5 minutes. A new session replaces the old; in company_required the role is chosen again, "+
			"and later too once company information was refused with admin_must_be_authorized_agent.",
		registration.CodeSubmittedLocked, registration.CodeActsExceeded, registration.CodeAccountLimitReached, registration.CodeProviderUnavailable), s.adminSession)
}

type handInCard struct {
	ByID
	Body struct {
		CardNumber      string `json:"card_number" doc:"Number of a personal debit card" example:"6222021234567890128"`
		HolderName      string `json:"holder_name" doc:"Name of the card's holder" example:"张三"`
		IDNumber        string `json:"id_number" doc:"The holder's resident ID number" example:"110101199003077758"`
		Phone           string `json:"phone" doc:"Mobile number on file at the bank" example:"13800138000"`
		PaymentPassword string `json:"payment_password" doc:"The wallet's payment password, six digits; it is kept nowhere" example:"123456"`
	}
}

func (in *handInCard) check(now time.Time) (dossier.Card, error) {
	var c checks
	card := dossier.Card{
		Number:   c.take("card_number", problem.CodeCardInvalid, in.Body.CardNumber, canonical(chinaid.ParseCard)),
		Holder:   c.take("holder_name", "", in.Body.HolderName, chinaid.CleanName),
		IDNumber: c.take("id_number", problem.CodeIDNumberInvalid, in.Body.IDNumber, residentID(now)),
		Phone:    c.take("phone", problem.CodePhoneInvalid, in.Body.Phone, canonical(chinaid.ParseMobile)),
	}
	if !digits(in.Body.PaymentPassword, 6, 6) {
		c.add("payment_password", codeInvalid, "Send six digits.")
	}
	return card, c.problem()
}

func (s *server) card(ctx context.Context, in *handInCard) (*registrationAnswer, error) {
	card, err := in.check(s.Now())
	if err != nil {
		return nil, err
	}
	return s.finished(ctx, act{
		registration: in.ID, kind: registration.ActCard, purpose: dossier.PurposeCard, input: card, password: true,
		before: func(ctx context.Context, look *postgres.ActLook, actID string) error {
			return s.checkPassword(ctx, look.AccountID, actID, in.Body.PaymentPassword)
		},
	})
}

// checkPassword asks the wallet, and counts a wrong password before and not after, so that guesses made at once count
// each. A right one's try is given back when the act is begun. The password goes nowhere else.
func (s *server) checkPassword(ctx context.Context, accountID, actID, password string) error {
	left, refusal, err := s.Store.TryPassword(ctx, accountID, actID)
	if err != nil {
		return err
	}
	if refusal != nil {
		return refusal
	}
	err = s.Wallet.CheckPaymentPassword(ctx, accountID, password)
	if errors.Is(err, wallet.ErrPasswordIncorrect) {
		return problem.New(problem.CodePaymentPasswordIncorrect, problem.WithAttemptsLeft(left))
	}
	if err != nil {
		s.returnPassword(ctx, actID)
		return s.walletFailed(ctx, err)
	}
	return nil
}

// returnPassword gives a try at the payment password back that was none.
func (s *server) returnPassword(ctx context.Context, actID string) {
	ctx, cancel := context.WithTimeout(detached(ctx), actMargin)
	defer cancel()
	s.note(ctx, s.Store.ReturnPassword(ctx, actID))
}

type confirmCode struct {
	ByID
	Body struct {
		Code string `json:"code" doc:"The bank's SMS code, 4 to 8 digits" example:"123456"`
	}
}

func (s *server) cardCode(ctx context.Context, in *confirmCode) (*registrationAnswer, error) {
	code := strings.Map(narrow, strings.TrimFunc(in.Body.Code, unicode.IsSpace))
	if !digits(code, 4, 8) {
		var c checks
		c.add("code", codeInvalid, "Send 4 to 8 digits.")
		return nil, c.problem()
	}
	return s.finished(ctx, act{registration: in.ID, kind: registration.ActCardCode, purpose: dossier.PurposeCode, input: dossier.Code{Code: code}})
}

// digits reports whether s consists of lo to hi ASCII digits.
func digits(s string, lo, hi int) bool {
	return len(s) >= lo && len(s) <= hi && strings.Trim(s, "0123456789") == ""
}

func (s *server) resend(ctx context.Context, in *ByID) (*registrationAnswer, error) {
	return s.finished(ctx, act{registration: in.ID, kind: registration.ActCardResend})
}

type openAdminSession struct {
	ByID
	Body struct {
		Role registration.Role `json:"role" enum:"legal_representative,authorized_agent" doc:"How the administrator stands to the company" example:"legal_representative"`
	}
}

// AdminSession is a QR session for an administrator.
type AdminSession struct {
	SessionID string    `json:"session_id" doc:"The wallet's id of the session" example:"ses_k3v5m2q7"`
	QRPayload string    `json:"qr_payload" doc:"Text to show as a QR code" example:"https://wallet.example.com/s/ses_k3v5m2q7"`
	ExpiresAt time.Time `json:"expires_at" doc:"When the code stops working" example:"2026-09-30T10:05:00+08:00"`
}

// adminSession answers with the session, or, if the wallet takes its time, with the registration.
func (s *server) adminSession(ctx context.Context, in *openAdminSession) (*sessionAnswer, error) {
	done, err := s.run(ctx, act{
		registration: in.ID, kind: registration.ActAdminSession, role: in.Body.Role,
		before: judged(func(ctx context.Context, look *postgres.ActLook) (*registration.Refusal, error) {
			if look.State == registration.AdminIdentityRequired || look.State == registration.CompanyRequired {
				return nil, nil
			}
			return s.Store.MayChooseRole(ctx, in.ID)
		}),
	})
	if err != nil {
		return nil, err
	}
	if done.later {
		ctx, cancel := context.WithTimeout(detached(ctx), actMargin)
		defer cancel()
		view, err := s.Store.View(ctx, in.ID)
		return &sessionAnswer{Status: done.status(), Body: view}, err
	}
	session, err := after(ctx, s, done.left, func(ctx context.Context, left postgres.Leftover) (postgres.AdminSession, error) {
		return s.Store.SessionAfter(ctx, done.actID, left)
	})
	if err != nil {
		return nil, err
	}
	return &sessionAnswer{Status: done.status(), Body: AdminSession{SessionID: session.SessionID, QRPayload: session.QRPayload, ExpiresAt: session.ExpiresAt}}, nil
}

// sessionAnswer holds an AdminSession, or with 202 a registration.
type sessionAnswer struct {
	Status int
	Body   any
}
