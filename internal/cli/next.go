package cli

import (
	"slices"
	"strings"

	"shiming/registration"
)

// nextCommands are the commands that bring a registration on from where it stands.
func nextCommands(v registration.View) []string {
	switch v.State {
	case registration.IdentityRequired:
		return []string{"starter card " + v.ID}
	case registration.CardCodeRequired:
		return []string{"starter code " + v.ID}
	case registration.AdminIdentityRequired:
		return []string{"starter admin-session " + v.ID + " --role legal_representative|authorized_agent"}
	case registration.CompanyRequired:
		return []string{"starter company " + v.ID}
	case registration.PayoutPending, registration.UnderReview:
		return []string{"starter status " + v.ID + " --watch"}
	case registration.DepositRequired:
		return []string{"starter deposit " + v.ID}
	case registration.DepositFailed:
		return []string{"starter payout " + v.ID, "starter company " + v.ID}
	case registration.DetailsRequired, registration.CorrectionRequired:
		return handIn(v)
	}
	return nil
}

// handIn are the commands by which what is still required is handed in, and then submitted.
func handIn(v registration.View) []string {
	var commands []string
	add := func(command string) {
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	for _, r := range v.Requirements {
		slot, isDocument := strings.CutPrefix(string(r.Field), "documents.")
		switch {
		case isDocument:
			add("starter document " + v.ID + " " + clean(slot) + " FILE")
		case r.Field.In("contact"):
			add("starter contact " + v.ID)
		case r.Field.In("company"):
			add("starter company " + v.ID)
		case r.Field == registration.FieldName:
			add("starter name " + v.ID + " NAME")
		}
	}
	if len(commands) == 0 {
		add("starter submit " + v.ID)
	}
	return commands
}
