package workday

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Override holds notices that this version's built-in table does not have, or has otherwise. Its file:
//
//	{"years": {"2027": {
//	  "source": "国办发明电〔2026〕…号",
//	  "holidays": ["2027-01-01", "2027-01-02", "2027-01-03"],
//	  "workdays": ["2027-01-04"]
//	}}}
//
// Days are laid over the built-in ones one by one: to call a holiday off, name it under workdays, and the other way
// round. A year named here counts as published, so write its notice down whole. A day of December that the next year's
// notice gives belongs under its own year.
type Override struct{ notices notices }

// overrideFile is the file as written.
type overrideFile struct {
	Years map[string]overrideYear `json:"years"`
}

type overrideYear struct {
	Source   string   `json:"source"`
	Holidays []string `json:"holidays"`
	Workdays []string `json:"workdays"`
}

// LoadOverride reads an override file. It is strict, because a slip here moves people's deadlines: unknown or repeated
// fields and years, days that are none, twice named or of another year, and a year without source or days are errors.
func LoadOverride(path string) (Override, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // G304: the path is the operator's own setting
	if err != nil {
		return Override{}, fmt.Errorf("workday: read override: %w", err)
	}
	o, err := parseOverride(raw)
	if err != nil {
		return Override{}, fmt.Errorf("workday: override %s: %w", path, err)
	}
	return o, nil
}

func parseOverride(raw []byte) (Override, error) {
	if err := refuseRepeatedKeys(raw); err != nil {
		return Override{}, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var file overrideFile
	if err := dec.Decode(&file); err != nil {
		return Override{}, err
	}
	if file.Years == nil {
		return Override{}, errors.New(`no "years"`)
	}
	n := notices{working: map[date]bool{}, published: map[int]bool{}}
	for name, entry := range file.Years {
		if err := entry.addTo(n, name); err != nil {
			return Override{}, fmt.Errorf("year %s: %w", name, err)
		}
	}
	return Override{notices: n}, nil
}

func (y overrideYear) addTo(n notices, name string) error {
	year, err := strconv.Atoi(name)
	if err != nil || len(name) != 4 || year < firstNoticeYear {
		return errors.New("not a year like 2027")
	}
	if strings.TrimSpace(y.Source) == "" {
		return errors.New(`no "source": name the notice`)
	}
	if len(y.Holidays)+len(y.Workdays) == 0 {
		return errors.New("no days")
	}
	n.published[year] = true
	if err := addDays(n, year, y.Holidays, false); err != nil {
		return fmt.Errorf("holidays: %w", err)
	}
	if err := addDays(n, year, y.Workdays, true); err != nil {
		return fmt.Errorf("workdays: %w", err)
	}
	return nil
}

func addDays(n notices, year int, days []string, working bool) error {
	for _, s := range days {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return fmt.Errorf("%q is not a day like 2027-01-31", s)
		}
		d := dateOf(t)
		if d.year != year {
			return fmt.Errorf("%s is a day of another year: put it under %d", s, d.year)
		}
		if was, named := n.working[d]; named && was != working {
			return fmt.Errorf("%s is both a holiday and a workday", s)
		} else if named {
			return fmt.Errorf("%s is named twice", s)
		}
		n.working[d] = working
	}
	return nil
}

// refuseRepeatedKeys walks the whole document, because encoding/json keeps the last of two equal keys in silence, and a
// year entered twice would lose its first half. It also finds what follows the document.
func refuseRepeatedKeys(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := walkValue(dec); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

func walkValue(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return walkObject(dec)
	case json.Delim('['):
		return walkArray(dec)
	}
	return nil
}

func walkObject(dec *json.Decoder) error {
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := strings.ToLower(fmt.Sprint(token)) // encoding/json matches fields in any case
		if seen[key] {
			return fmt.Errorf("%q is there twice", key)
		}
		seen[key] = true
		if err := walkValue(dec); err != nil {
			return err
		}
	}
	_, err := dec.Token() // the closing brace
	return err
}

func walkArray(dec *json.Decoder) error {
	for dec.More() {
		if err := walkValue(dec); err != nil {
			return err
		}
	}
	_, err := dec.Token() // the closing bracket
	return err
}
