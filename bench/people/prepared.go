package people

import (
	"context"
	"net/http"
	"strconv"

	"shiming/registration"
)

// Prepare takes an individual whom the wallet has verified to where only the submission is missing.
func (p *Platform) Prepare(ctx context.Context) (*Case, error) {
	who, err := newPerson()
	if err != nil {
		return nil, err
	}
	c := &Case{Platform: p, Account: "verified-" + p.run + "-" + strconv.FormatInt(p.next.Add(1), 10), Kind: registration.Individual, who: who}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	contact := who.contact()
	delete(contact, "name") // the wallet has named the holder, and the contact is the holder
	if err := c.Act(ctx, http.MethodPut, "/contact", contact); err != nil {
		return nil, err
	}
	scan, err := smallScan()
	if err != nil {
		return nil, err
	}
	for _, slot := range []registration.Slot{registration.IDCardFront, registration.IDCardBack} {
		if err := c.Act(ctx, http.MethodPut, "/documents/"+string(slot), scan); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Submit hands the registration in.
func (c *Case) Submit(ctx context.Context) error { return c.submit(ctx) }

// Withdraw ends the registration.
func (c *Case) Withdraw(ctx context.Context) error {
	return c.Act(ctx, http.MethodPost, "/withdraw", nil)
}
