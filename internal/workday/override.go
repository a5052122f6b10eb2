package workday

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
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
// round. A year named here counts as published, so write its notice down whole. A day belongs under the year of the notice
// that states it: if 2028's gives 31 December 2027 off, "2027-12-31" stands under "2028", and 2027 need not be named. Of two
// that state a day the later one holds.
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
	n := notices{days: map[date]statement{}, published: map[int]string{}}
	for _, name := range slices.Sorted(maps.Keys(file.Years)) { // a later notice has the last word on a day of December
		year, err := file.Years[name].addTo(n, name)
		if err != nil {
			return Override{}, fmt.Errorf("year %s: %w", name, err)
		}
		n.override = append(n.override, year)
	}
	return Override{notices: n}, nil
}

func (y overrideYear) addTo(n notices, name string) (year int, err error) {
	year, err = strconv.Atoi(name)
	if err != nil || len(name) != 4 || year < firstNoticeYear {
		return 0, fmt.Errorf("not a year like 2027, from %d on", firstNoticeYear)
	}
	source := strings.TrimSpace(y.Source)
	if source == "" {
		return 0, errors.New(`no "source": name the notice`)
	}
	if len(y.Holidays)+len(y.Workdays) == 0 {
		return 0, errors.New("no days")
	}
	n.published[year] = source
	if err := addDays(n, y.Holidays, statement{year: year, source: source}); err != nil {
		return 0, fmt.Errorf("holidays: %w", err)
	}
	if err := addDays(n, y.Workdays, statement{year: year, source: source, working: true}); err != nil {
		return 0, fmt.Errorf("workdays: %w", err)
	}
	return year, nil
}

func addDays(n notices, days []string, says statement) error {
	for _, s := range days {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return fmt.Errorf("%q is not a day like 2027-01-31", s)
		}
		d := dateOf(t)
		if !slices.Contains(d.governors(), says.year) {
			return notOf(d, says.year)
		}
		if was, named := n.days[d]; named && was.year == says.year && was.working != says.working {
			return fmt.Errorf("%s is both a holiday and a workday", s)
		} else if named && was.year == says.year {
			return fmt.Errorf("%s is named twice", s)
		}
		n.days[d] = says
	}
	return nil
}

// notOf says where a day belongs that the year's notice cannot state.
func notOf(d date, year int) error {
	if d.year == year-1 {
		return fmt.Errorf("%s is a day of another year: put it under %d (%d's notice reaches back to %s and no further)",
			d, d.year, year, date{d.year, time.December, 31}.plus(1-reachesBack))
	}
	return fmt.Errorf("%s is a day of another year: put it under %d", d, d.year)
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
