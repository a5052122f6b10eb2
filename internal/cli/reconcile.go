package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"shiming/internal/client"
	"shiming/internal/statement"
)

type reconcileCommand struct {
	changeFlags
	pagingFlags
	Day string `arg:"" optional:"" help:"A day of Asia/Shanghai such as 2026-11-27, today or yesterday; left out: list the days that were compared."`
}

// reconciliation is a day's bank statement, held against the payments.
type reconciliation struct {
	Day        string     `json:"day"`
	Pending    bool       `json:"pending"`
	ComparedAt *time.Time `json:"compared_at"`
	Whole      bool       `json:"whole"`
	Entries    int        `json:"entries"`
	Matched    int        `json:"matched"`
	Out        string     `json:"out"`
	Back       string     `json:"back"`
	Withheld   int        `json:"withheld"`
	Waiting    int        `json:"waiting"`
	Open       int        `json:"open"`
	Trouble    *string    `json:"trouble"`
	NextAt     *time.Time `json:"next_at"`
	Findings   []finding  `json:"findings"`
}

const lookAtDay = 500 * time.Millisecond

// Run compares a day and shows what became of it, or lists the days.
func (c *reconcileCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	if c.Day == "" {
		return get(ctx, s, c.query("/v1/reconciliations", nil), showReconciliations)
	}
	day, err := dayNamed(c.Day, time.Now())
	if err != nil {
		return err
	}
	path := "/v1/reconciliations/" + url.PathEscape(string(day))
	raw, of, err := s.reconciled(ctx, path, c.Timeout)
	if err != nil {
		return err
	}
	if c.JSON {
		err = s.writeJSON(raw)
	} else {
		var p page
		showReconciliation(&p, of)
		err = p.to(s.Out)
	}
	switch {
	case err != nil:
		return err
	case of.Pending && of.Trouble != nil:
		return fmt.Errorf("the bank has given no statement of %s yet: %s; it is asked on, see `reconcile %s` again later", day, clean(*of.Trouble), day)
	case of.Pending:
		return fmt.Errorf("no worker has come to %s yet; it will be compared, see `reconcile %s` again later, and whether a worker runs", day, day)
	case of.Open > 0:
		return fmt.Errorf("%s: %s open", day, plural(of.Open, "difference"))
	}
	return nil
}

// dayNamed reads a day as people write it.
func dayNamed(s string, now time.Time) (statement.Day, error) {
	switch today := statement.DayOf(now); s {
	case "today":
		return today, nil
	case "yesterday":
		return today.Add(-1), nil
	}
	day, err := statement.ParseDay(s)
	if err != nil {
		return "", usage("%q is no day: write today, yesterday or a date such as %s", s, statement.DayOf(now).Add(-1))
	}
	return day, nil
}

// reconciled asks for a day and reads it until it is compared, or for as long as the command may take.
func (s *session) reconciled(ctx context.Context, path string, within time.Duration) (raw json.RawMessage, of reconciliation, err error) {
	until, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	ask, told := client.Request{Method: http.MethodPost, Path: path, Key: s.key}, false
	for {
		of, ask.Into = reconciliation{}, &raw
		if err := s.client.Do(ctx, ask); err != nil {
			return nil, of, s.failed(err)
		}
		if err := json.Unmarshal(raw, &of); err != nil {
			return nil, of, fmt.Errorf("the answer is not what this program knows; is it of the same version? %w", err)
		}
		if !of.Pending || of.Trouble != nil {
			return raw, of, nil
		}
		if !told {
			s.hintf("waiting: a worker is to compare %s…", clean(of.Day))
		}
		told, ask = true, client.Request{Method: http.MethodGet, Path: path}
		if !pause(until, lookAtDay) {
			if ctx.Err() != nil {
				return nil, of, errInterrupted
			}
			return raw, of, nil
		}
	}
}

func (r reconciliation) standing() string {
	switch {
	case r.Pending:
		return "to be compared"
	case r.ComparedAt == nil:
		return "not compared yet"
	case !r.Whole:
		return "compared so far, " + at(*r.ComparedAt)
	}
	return "compared " + at(*r.ComparedAt)
}

func showReconciliation(p *page, r reconciliation) {
	p.list(
		pair{"day", r.Day + " (Asia/Shanghai)"}, pair{"state", r.standing()}, pair{"on the statement", plural(r.Entries, "transfer")},
		pair{"of ours", strconv.Itoa(r.Matched)}, pair{"out", r.Out + " CNY"}, pair{"back", r.Back + " CNY"},
		pair{"amount secret", counted(r.Withheld, "transfer", "the amount is still to be entered, in neither sum")},
		pair{"waiting", counted(r.Waiting, "payment", "may stand on a later statement")}, pair{"differences", strconv.Itoa(r.Open) + " open"},
		pair{"trouble", or(r.Trouble)}, pair{"next look", atOr(r.NextAt)},
	)
	if len(r.Findings) == 0 {
		return
	}
	p.line("")
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{f.ID, f.Kind, f.Subject, f.standing(), or(f.Owner), f.Tried})
	}
	p.table([]string{"FINDING", "KIND", "ABOUT", "STATE", "OWNER", "SEEN"}, rows)
}

// counted is a number of things with what it means; empty if there are none.
func counted(n int, what, means string) string {
	if n == 0 {
		return ""
	}
	return plural(n, what) + ": " + means
}

func showReconciliations(p *page, l listed[reconciliation]) {
	showList(p, "days", []string{"DAY", "STATE", "TRANSFERS", "OURS", "OUT", "BACK", "OPEN", "NEXT LOOK"}, l, func(r reconciliation) []string {
		return []string{
			r.Day, r.standing(), strconv.Itoa(r.Entries), strconv.Itoa(r.Matched), r.Out, r.Back, strconv.Itoa(r.Open), atOr(r.NextAt),
		}
	})
}
