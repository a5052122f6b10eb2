package cli

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// RepairOne has the run of one registration or clearing repaired, to be embedded into a program's command.
type RepairOne struct {
	changeFlags
	ID     string `arg:"" optional:"" name:"id" help:"The registration's or clearing's id, such as reg_k3v5…"`
	Reason string `required:"" placeholder:"WORDS" help:"Why; name nobody."`
}

type repaired struct {
	ID    string `json:"id"`
	Done  string `json:"done"`
	Found string `json:"found"`
}

// Run has it repaired.
func (c *RepairOne) Run(ctx context.Context, o *IO) error {
	if c.ID == "" {
		return usage("which? Give the id of a registration or clearing; --all repairs everything after a restore")
	}
	s, err := c.open(o)
	if err != nil {
		return err
	}
	path := registrationPath(c.ID, "/repair")
	if strings.HasPrefix(c.ID, "clr_") {
		path = "/v1/identity-clearings/" + url.PathEscape(c.ID) + "/repair"
	}
	return change(ctx, s, http.MethodPost, path, map[string]any{"reason": c.Reason}, func(p *page, r repaired) {
		p.list(pair{"repaired", r.ID}, pair{"found", r.Found}, pair{"done", r.Done})
	})
}
