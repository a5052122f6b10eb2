package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"shiming/internal/client"
	"shiming/registration"
)

// The applicant's verbs, as a platform's backend forwards them.

// meet makes up the person who acts.
func (a *actor) meet(name string) {
	a.step("meet the applicant", func() (err error) {
		a.person, err = newPerson(name)
		return err
	})
}

// open starts the registration. What the account's id begins with means something to the sandbox.
func (a *actor) open(ctx context.Context, prefix string, kind registration.Kind, name string) {
	a.step("start the registration", func() error {
		return a.act(ctx, http.MethodPost, "/v1/registrations", map[string]any{
			"account_id": fmt.Sprintf("%s%s-%d", prefix, a.tour.run, a.number), "kind": kind, "name": name,
			"registered_email": a.person.email, "phone": a.person.phone, "locale": registration.Chinese,
		})
	})
}

func (a *actor) bindCard(ctx context.Context) {
	a.step("verify by debit card", func() error {
		err := a.act(ctx, http.MethodPost, a.path("/card"), map[string]any{
			"card_number": a.person.card, "holder_name": a.person.name, "id_number": a.person.idNumber,
			"phone": a.person.phone, "payment_password": "135790",
		})
		if err != nil {
			return err
		}
		return a.reach(ctx, registration.CardCodeRequired)
	})
}

func (a *actor) enterCardCode(ctx context.Context) {
	a.step("enter the SMS code", func() error {
		code, err := a.outside.smsCode(ctx, a.person.phone)
		if err != nil {
			return err
		}
		if err := a.act(ctx, http.MethodPost, a.path("/card/code"), map[string]any{"code": code}); err != nil {
			return err
		}
		return a.reach(ctx, registration.DetailsRequired)
	})
}

func (a *actor) scanQR(ctx context.Context, role registration.Role) {
	a.step("scan the QR code", func() error {
		body, err := jsonBody(map[string]any{"role": role})
		if err != nil {
			return err
		}
		var session struct {
			SessionID string `json:"session_id"`
		}
		err = a.call(ctx, a.platform, client.Request{
			Method: http.MethodPost, Path: a.path("/admin-session"), Body: body, ContentType: "application/json", Into: &session,
		})
		if err != nil {
			return err
		}
		if err := a.outside.scan(ctx, session.SessionID, a.person); err != nil {
			return err
		}
		return a.reach(ctx, registration.CompanyRequired)
	})
}

func (a *actor) giveCompany(ctx context.Context, firm company) {
	a.step("hand in the company", func() error {
		return a.act(ctx, http.MethodPut, a.path("/company"), firm.body())
	})
}

func (a *actor) awaitMoney(ctx context.Context) {
	a.step("wait for the money", func() error { return a.reach(ctx, registration.DepositRequired) })
}

// enterWrongAmount is refused, and told how many tries are left.
func (a *actor) enterWrongAmount(ctx context.Context, firm company) {
	a.step("enter a wrong amount", func() error {
		fen, err := a.outside.amountReceived(ctx, firm.bankAccount)
		if err != nil {
			return err
		}
		err = a.deposit(ctx, fen%99+1) // another one within 0.01 to 0.99
		no := (*client.Problem)(nil)
		switch {
		case err == nil:
			return errors.New("a wrong amount was taken for right")
		case !errors.As(err, &no) || no.Code != string(registration.CodeDepositMismatch):
			return err
		case no.AttemptsLeft == nil || *no.AttemptsLeft != registration.AmountGuesses-1:
			return fmt.Errorf("one wrong amount did not leave %d tries: %w", registration.AmountGuesses-1, err)
		}
		return nil
	})
}

func (a *actor) enterAmount(ctx context.Context, firm company) {
	a.step("enter the amount received", func() error {
		fen, err := a.outside.amountReceived(ctx, firm.bankAccount)
		if err != nil {
			return err
		}
		if err := a.deposit(ctx, fen); err != nil {
			return err
		}
		return a.reach(ctx, registration.DetailsRequired)
	})
}

func (a *actor) deposit(ctx context.Context, fen int) error {
	return a.act(ctx, http.MethodPost, a.path("/deposit"), map[string]any{"amount": formatFen(fen)})
}

func (a *actor) giveContact(ctx context.Context) {
	a.step("give the contact", func() error {
		body := map[string]any{"email": a.person.email, "phone": a.person.phone, "address": "福建省厦门市思明区例示路1号"}
		if a.view.Kind == registration.Enterprise { // an individual's contact is the verified person
			body["name"] = a.person.name
		}
		return a.act(ctx, http.MethodPut, a.path("/contact"), body)
	})
}

func (a *actor) upload(ctx context.Context, slot registration.Slot) {
	a.step("upload "+string(slot), func() error {
		scan, err := newScan()
		if err != nil {
			return err
		}
		return a.call(ctx, a.platform, client.Request{
			Method: http.MethodPut, Path: a.path("/documents/" + string(slot)), Body: scan, ContentType: "image/png",
		})
	})
}

func (a *actor) submit(ctx context.Context) {
	a.step("submit", func() error {
		if err := a.act(ctx, http.MethodPost, a.path("/submit"), nil); err != nil {
			return err
		}
		return a.reach(ctx, registration.UnderReview)
	})
}
