package cli

import (
	"context"
	"net/http"

	"shiming/registration"
)

type applyCommand struct {
	changeFlags
	inputFlags
	Account string              `placeholder:"ID" help:"The platform account that registers: 1 to 64 of A-Za-z0-9_-."`
	Kind    registration.Kind   `enum:",individual,enterprise" default:"" placeholder:"KIND" help:"Who registers: individual or enterprise."`
	Name    string              `help:"The developer's or company's name, as shown on the apps: 2 to 50 characters."`
	Locale  registration.Locale `enum:",zh-CN,en" default:"" placeholder:"TAG" help:"Language of notices: zh-CN or en; left out: zh-CN."`
}

// Run starts a registration. Mailbox and phone are the fields that are asked for in any case.
func (c *applyCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	preset := given(
		pair{"account_id", c.Account}, pair{"kind", string(c.Kind)}, pair{"name", c.Name}, pair{"locale", string(c.Locale)},
	)
	body, err := c.fields(ctx, o, preset, []field{
		{name: "account_id", prompt: "Platform account"},
		{name: "kind", prompt: "Kind (individual or enterprise)"},
		{name: "name", prompt: "Developer or company name"},
		{name: "registered_email", prompt: "Mailbox the account was registered with"},
		{name: "phone", prompt: "Mobile number for notices"},
	})
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, "/v1/registrations", body, showRegistration)
}

// byID names a registration.
type byID struct {
	ID string `arg:"" name:"id" help:"The registration's id, such as reg_k3v5…"`
}

// act makes a change of a registration that is answered with it.
func (c byID) act(ctx context.Context, s *session, method, path string, body map[string]any) error {
	return change(ctx, s, method, registrationPath(c.ID, path), body, showRegistration)
}

type nameCommand struct {
	changeFlags
	byID
	Name string `arg:"" help:"The name as shown on the apps, 2 to 50 characters."`
}

// Run changes the name.
func (c *nameCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPut, "/name", map[string]any{"name": c.Name})
}

type contactCommand struct {
	changeFlags
	inputFlags
	byID
}

// Run hands in the contact. What is left out stays as it is, where a correction allows that.
func (c *contactCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body, err := c.fields(ctx, o, nil, []field{
		{name: "name", prompt: "Contact's name; of an individual, the verified holder's", optional: true},
		{name: "email", prompt: "Contact's mailbox", optional: true},
		{name: "phone", prompt: "Contact's mobile number", optional: true},
		{name: "address", prompt: "Contact's address", optional: true},
	})
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPut, "/contact", body)
}

type submitCommand struct {
	changeFlags
	byID
}

// Run submits for review.
func (c *submitCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/submit", nil)
}

type withdrawCommand struct {
	changeFlags
	byID
}

// Run withdraws the registration.
func (c *withdrawCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return c.act(ctx, s, http.MethodPost, "/withdraw", nil)
}
