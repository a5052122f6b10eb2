package dossier

import (
	"shiming/internal/chinaid"
	"shiming/registration"
)

// Claim is who asks for an identity to be cleared, and why.
type Claim struct {
	Private  `json:"-"`
	Holder   string `json:"holder"`
	IDNumber string `json:"id_number"` // canonical resident ID
	Reason   string `json:"reason"`
}

// ClaimView is the claim masked.
type ClaimView struct {
	Holder   string `json:"holder"`
	IDNumber string `json:"id_number"`
}

// View masks the claim; its reason, which is free text, stays in the vault.
func (c Claim) View() ClaimView {
	v := ClaimView{Holder: chinaid.MaskName(c.Holder)}
	if id, err := chinaid.ParseResidentID(c.IDNumber); err == nil {
		v.IDNumber = id.Masked()
	}
	return v
}

// Conditions are what the conditions came to; their evidence names cards and amounts.
type Conditions struct {
	Private    `json:"-"`
	Conditions registration.Conditions `json:"conditions"`
}

// Token is the secret of an objection's link.
type Token struct {
	Private `json:"-"`
	Token   string `json:"token"`
}
