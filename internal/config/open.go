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
	return openCalendar(s.Calendar, s.Holidays)
}

// Open makes the calendar that API and worker have by the same settings.
func (c *Calendar) Open() (workday.Calendar, error) { return openCalendar(c.Calendar, c.Holidays) }

func openCalendar(setting, holidays string) (workday.Calendar, error) {
	cal, err := workday.Parse(setting, workday.WithOverride(holidays)) // an empty path is none
	if err != nil {
		return nil, fmt.Errorf("CALENDAR or HOLIDAYS_FILE: %w", err)
	}
	return cal, nil
}

// OpenKeys loads the keys of the backup that is rehearsed.
func (c *Drill) OpenKeys() (*vault.Keys, error) {
	return (&Storage{KeysFile: c.KeysFile, KMSURI: c.KMSURI}).OpenKeys()
}

// OpenCalendar makes the calendar, which a drill only needs to open the store.
func (c *Drill) OpenCalendar() (workday.Calendar, error) { return openCalendar(c.Calendar, "") }
