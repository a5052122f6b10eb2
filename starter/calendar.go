package main

import (
	"encoding/json"
	"fmt"
	"time"

	"shiming/internal/cli"
	"shiming/internal/config"
	"shiming/internal/postgres"
	"shiming/internal/workday"
)

// calendarCommands show the calendar of working days, and what another would do.
type calendarCommands struct {
	Show  calendarShow  `cmd:"" default:"withargs" help:"Show a year's holidays and make-up working days, with the notice or the article by which they are so."`
	Check calendarCheck `cmd:"" help:"Say which open deadlines would move if a file were HOLIDAYS_FILE. Nothing is changed."`
}

type calendarShow struct {
	Year     int    `arg:"" optional:"" help:"The year; otherwise this one and, from November on, the next."`
	Holidays string `env:"HOLIDAYS_FILE" placeholder:"FILE" help:"Amend the built-in notices by this file, as HOLIDAYS_FILE does."`
	JSON     bool   `name:"json" help:"Show it as JSON, for programs."`
}

// Years that the calendar is shown of: the built-in notices begin with the first.
const (
	firstShown = 2002
	lastShown  = 2100
)

// Validate is called by kong.
func (c *calendarShow) Validate() error {
	if c.Year != 0 && (c.Year < firstShown || c.Year > lastShown) {
		return fmt.Errorf("the calendar reaches from %d to %d", firstShown, lastShown)
	}
	return nil
}

// shown is a year of the calendar.
type shown struct {
	Year int `json:"year"`
	// Notice is what the year's is called, empty as long as it is not published.
	Notice string     `json:"notice"`
	Days   []shownDay `json:"days"`
	// LastWeekOpen: the year's last days are provisional, for the next notice may reach back to them.
	LastWeekOpen bool `json:"last_week_provisional"`
}

type shownDay struct {
	Date        string `json:"date"`
	Kind        string `json:"kind"`
	Of          string `json:"of"`
	Working     bool   `json:"working"`
	Provisional bool   `json:"provisional"`
	Source      string `json:"source"`
}

// Run shows the years.
func (c *calendarShow) Run(o *cli.IO) error {
	cal, err := workday.New(workday.WithOverride(c.Holidays))
	if err != nil {
		return err
	}
	years := []int{c.Year}
	if c.Year == 0 {
		years = currentYears(time.Now())
	}
	all := make([]shown, len(years))
	for i, year := range years {
		all[i] = showYear(cal, year)
	}
	if c.JSON {
		return json.NewEncoder(o.Out).Encode(all)
	}
	for i, year := range all {
		if i > 0 {
			_, _ = fmt.Fprintln(o.Out) // nobody is left to tell
		}
		if err := year.write(o); err != nil {
			return err
		}
	}
	return nil
}

// currentYears are those that people plan in: this one and, once the State Council may have published it, the next.
func currentYears(now time.Time) []int {
	now = now.In(beijing)
	if now.Month() >= time.November {
		return []int{now.Year(), now.Year() + 1}
	}
	return []int{now.Year()}
}

func showYear(cal *workday.Real, year int) shown {
	s := shown{Year: year, Notice: cal.Published(year), Days: []shownDay{}, LastWeekOpen: cal.Published(year+1) == ""}
	for _, d := range cal.Named(year) {
		s.Days = append(s.Days, shownDay{
			Date: d.Date.Format(time.DateOnly), Kind: d.Kind, Of: d.Of, Working: d.Working, Provisional: d.Provisional, Source: d.Source,
		})
	}
	return s
}

func (s shown) write(o *cli.IO) error {
	heading := fmt.Sprintf("%d, published: %s", s.Year, s.Notice)
	if s.Notice == "" {
		heading = fmt.Sprintf("%d, not published: computed from the regulation, and provisional", s.Year)
	}
	rows := make([][]string, len(s.Days))
	for i, d := range s.Days {
		day, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			return err
		}
		certain := "yes"
		if d.Provisional {
			certain = "provisional"
		}
		rows[i] = []string{d.Date, day.Format("Mon"), d.Kind, d.Of, certain, d.Source}
	}
	if err := cli.WriteTable(o.Out, heading, []string{"DAY", "", "WHAT", "OF", "CERTAIN", "SOURCE"}, rows); err != nil {
		return err
	}
	if s.LastWeekOpen && s.Notice != "" {
		_, err := fmt.Fprintf(o.Out, "Provisional as well: 25 to 31 December, which the notice of %d may still arrange.\n", s.Year+1)
		return err
	}
	return nil
}

type calendarCheck struct {
	File string `arg:"" help:"The file, written as HOLIDAYS_FILE is."`
	JSON bool   `name:"json" help:"Show it as JSON, for programs."`
}

// checked is what a file would do to open deadlines.
type checked struct {
	Open        int    `json:"open"`
	Moves       int    `json:"moves"`
	Stays       int    `json:"stays"` // though the file says an earlier day
	Certain     int    `json:"become_certain"`
	Provisional int    `json:"become_provisional"`
	Deadlines   []move `json:"deadlines"`
}

// move is a deadline that the file says another day of than the calendar in force.
type move struct {
	Subject   string    `json:"id"`
	What      string    `json:"what"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"` // as From if the file says an earlier day: nothing moves earlier
	Announced bool      `json:"announced"`
}

// Run compares, and ends well whatever it finds.
func (c *calendarCheck) Run(stop *stopper, o *cli.IO) error {
	cfg, err := config.Read[config.Calendar]()
	if err != nil {
		return err
	}
	present, err := cfg.Open()
	if err != nil {
		return err
	}
	amended, err := workday.New(workday.WithOverride(c.File))
	if err != nil {
		return err
	}
	var future workday.Calendar = amended
	if _, real := present.(*workday.Real); !real { // no file amends it
		future = present
		o.Hint("CALENDAR is " + present.String() + ", in which every day is worked: no file of holidays moves anything")
	}
	store, err := postgres.Open(stop.soon, cfg.DatabaseURL, nil, present)
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer store.Close()
	found := checked{Deadlines: []move{}}
	if err := store.OpenDeadlines(stop.soon, func(d postgres.OpenDeadline) error {
		found.take(d, present, future)
		return nil
	}); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(o.Out).Encode(found)
	}
	return found.write(o)
}

func (c *checked) take(d postgres.OpenDeadline, present, future workday.Calendar) {
	c.Open++
	to := d.Moved(future)
	switch {
	case d.Due.Provisional && !to.Provisional:
		c.Certain++
	case !d.Due.Provisional && to.Provisional:
		c.Provisional++
	}
	switch by := d.By(future).At; {
	case to.At.After(d.Due.At):
		c.Moves++
	case by.Before(d.Due.At) && by.Before(d.By(present).At):
		c.Stays++
	default:
		return
	}
	c.Deadlines = append(c.Deadlines, move{Subject: d.Subject, What: d.What, From: d.Due.At.In(beijing), To: to.At.In(beijing), Announced: d.Announced})
}

func (c *checked) write(o *cli.IO) error {
	rows := make([][]string, len(c.Deadlines))
	for i, d := range c.Deadlines {
		to, told := d.To.Format(minute), "no"
		if d.To.Equal(d.From) {
			to = "stays (never earlier)"
		}
		if d.Announced {
			told = "yes"
		}
		rows[i] = []string{d.Subject, d.What, d.From.Format(minute), to, told}
	}
	if len(rows) > 0 {
		if err := cli.WriteTable(o.Out, "", []string{"ID", "WHAT", "FROM", "TO", "ANNOUNCED"}, rows); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(o.Out) // nobody is left to tell
	}
	_, err := fmt.Fprintf(o.Out, "open deadlines: %d; would move later: %d; stay, though the file says an earlier day: %d; would become certain: %d; provisional: %d\n",
		c.Open, c.Moves, c.Stays, c.Certain, c.Provisional)
	return err
}

// beijing is the zone of mainland China.
var beijing = time.FixedZone("", 8*60*60)

const minute = "2006-01-02 15:04 -07:00"
