package postgres

import (
	"errors"

	"shiming/internal/dossier"
	"shiming/registration"
)

// reached is a phone or a mailbox that an act sends something to, known by its keyed fingerprint.
type reached struct {
	fingerprint []byte
	what        string // phone or mailbox
}

// What says whom an act reaches, of what is on file.
const (
	reachesApplicant = "applicant"
	reachesBinding   = "binding" // the card that is being bound
)

func reachesBy(act registration.Act) string {
	switch act {
	case registration.ActCardResend:
		return reachesBinding
	case registration.ActCompany, registration.ActPayout:
		return reachesApplicant
	}
	return ""
}

// reaches lists whom an act sends something to. The bank's code goes to the phone on the card, what tells of a payment to the
// registration's own phone and mailbox; what other acts send is a review's or a clearing's, which people slow down.
func (s *Store) reaches(look *ActLook, a Act, input any) ([]reached, error) {
	switch a.Act {
	case registration.ActCard:
		if card, known := input.(dossier.Card); known {
			return s.phone(card.Phone), nil
		}
	case registration.ActCardResend:
		return s.reachesByBinding(look)
	case registration.ActCompany, registration.ActPayout:
		if look.row == nil {
			return nil, nil
		}
		var applicant dossier.Applicant
		if err := s.openItem(look.reaches, Own(a.RegistrationID), dossier.PurposeApplicant, &applicant); err != nil {
			return nil, err
		}
		return append(s.phone(applicant.Phone), reached{s.keys.Fingerprint("mailbox", applicant.Email), "mailbox"}), nil
	}
	return nil, nil
}

// reachesByBinding is the phone that the bank's next code of a binding goes to; none if there is no binding.
func (s *Store) reachesByBinding(look *ActLook) ([]reached, error) {
	if look.row == nil || look.row.Binding == nil {
		return nil, nil
	}
	var card dossier.Card
	err := s.openItem(look.reaches, Owner{Subject: look.row.ID, Row: look.row.Binding.Act}, dossier.PurposeCard, &card)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return s.phone(card.Phone), nil
}

func (s *Store) phone(number string) []reached {
	return []reached{{s.keys.Fingerprint("phone", number), "phone"}}
}
