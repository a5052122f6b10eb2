package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shiming/internal/backup"
	"shiming/internal/cli"
	"shiming/internal/config"
	"shiming/internal/devstack"
)

type drillCommand struct {
	Dir    string        `arg:"" help:"A folder of backups, or one backup."`
	Within time.Duration `default:"26h" help:"How old the newest backup may be; 0: any age."`
	Sample int           `default:"200" help:"How many registrations are opened with the keys, of the newest and of any."`
	JSON   bool          `name:"json" help:"Show the report as JSON, for programs."`
}

// Run rehearses the newest backup. It fails if anything is amiss.
func (c *drillCommand) Run(stop *stopper, o *cli.IO) (err error) {
	cfg, err := config.Read[config.Drill]()
	if err != nil {
		return err
	}
	keys, err := cfg.OpenKeys()
	if err != nil {
		return err
	}
	cal, err := cfg.OpenCalendar()
	if err != nil {
		return err
	}
	if _, _, err := backup.Find(c.Dir); err != nil {
		return err
	}
	scratch, drop, err := scratchDatabase(stop.soon, cfg.ServerURL, o.Hint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(stop.now))) }()
	client, err := clientFor(stop.soon, scratch)
	if err != nil {
		return err
	}
	report, err := backup.Rehearse(stop.soon, c.Dir, backup.Rehearsal{
		ScratchURL: scratch, Keys: keys, Calendar: cal, Client: client, Say: o.Hint, Sample: c.Sample, Within: c.Within,
	})
	if err != nil {
		return err
	}
	return c.show(o, report)
}

// scratchDatabase makes a database for the drill alone: on a server that was named, else on one that is started for it.
func scratchDatabase(ctx context.Context, server string, say func(string)) (url string, drop func(context.Context) error, err error) {
	if server != "" {
		passing, err := makePassingDatabase(ctx, server)
		if err != nil {
			return "", nil, fmt.Errorf("DRILL_DATABASE_URL: %w", err)
		}
		return passing.url, passing.drop, nil
	}
	say("starting PostgreSQL…")
	pg, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Log: slog.New(slog.DiscardHandler), Progress: say})
	if err != nil {
		return "", nil, err
	}
	return pg.URL, pg.Stop, nil
}

func (c *drillCommand) show(o *cli.IO, r backup.Report) error {
	if c.JSON {
		if err := json.NewEncoder(o.Out).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Printf("%s, as of %s (%s old)\n", r.Backup, r.TakenAt.Format("2006-01-02 15:04:05 MST"), r.Age)
		fmt.Printf("restored %d rows in %s, opened %d sealed values and %d scans; %s in all\n", r.Rows, r.Restored, r.Opened, r.Scans, r.Took)
		for _, what := range r.Amiss {
			fmt.Println("amiss:", what)
		}
	}
	if len(r.Amiss) > 0 {
		return fmt.Errorf("%d things are amiss with the newest backup: take another (starter backup), and look why", len(r.Amiss))
	}
	return nil
}
