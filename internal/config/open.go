package config

import (
	"fmt"

	"shiming/internal/vault"
	"shiming/internal/workday"
)

// OpenKeys loads the vault's keys.
func (s *Storage) OpenKeys() (*vault.Keys, error) {
	if s.KMSURI != "" {
		keys, err := vault.LoadKMS(s.KMSURI, s.KeysFile)
		if err != nil {
			return nil, fmt.Errorf("KMS_URI or KEYS_FILE: %w", err)
		}
		return keys, nil
	}
	keys, err := vault.LoadKeys(s.KeysFile)
	if err != nil {
		return nil, fmt.Errorf("KEYS_FILE: %w", err)
	}
	return keys, nil
}

// OpenCalendar makes the calendar, with the operator's own holidays laid over it.
func (s *Storage) OpenCalendar() (workday.Calendar, error) {
	var options []workday.Option
	if s.Holidays != "" {
		options = append(options, workday.WithOverride(s.Holidays))
	}
	cal, err := workday.Parse(s.Calendar, options...)
	if err != nil {
		return nil, fmt.Errorf("CALENDAR or HOLIDAYS_FILE: %w", err)
	}
	return cal, nil
}
