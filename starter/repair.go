package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"time"

	"shiming/internal/bank"
	"shiming/internal/cli"
	"shiming/internal/config"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/registration"
)

// repairCommand repairs everything after a restore, or the run of one case.
type repairCommand struct {
	cli.RepairOne
	All    bool      `help:"Repair everything: compare database and engine, take over what the bank has paid, and end the hold."`
	DryRun bool      `help:"With --all: say what would be done, and do nothing."`
	Since  time.Time `placeholder:"TIME" help:"With --all: take the database for one that was restored to then, such as 2026-11-27T10:00:00Z, though nothing has noticed; of one that is held, the earlier of the two moments counts."`
	By     string    `placeholder:"NAME" help:"With --all: who has it done; left out: the system's name of you."`
}

// Validate is kong's.
func (c *repairCommand) Validate() error {
	switch {
	case c.All && c.ID != "":
		return errors.New("--all repairs everything: leave the id out")
	case !c.All && (c.DryRun || !c.Since.IsZero() || c.By != ""):
		return errors.New("--dry-run, --since and --by go with --all")
	}
	return nil
}

// Run repairs.
func (c *repairCommand) Run(ctx context.Context, o *cli.IO) error {
	if !c.All {
		return c.RepairOne.Run(ctx, o)
	}
	cfg, err := config.Read[config.Repair]()
	if err != nil {
		return err
	}
	say := func(what string) { _, _ = fmt.Fprintln(o.Err, what+"…") } // nobody is left to tell
	report, err := c.all(ctx, cfg, say)
	if c.JSON {
		return errors.Join(err, json.NewEncoder(o.Out).Encode(report))
	}
	return errors.Join(err, writeReport(o, report))
}

func (c *repairCommand) all(ctx context.Context, cfg config.Repair, say func(string)) (report restore.Report, err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	keys, err := cfg.OpenKeys()
	if err != nil {
		return report, err
	}
	cal, err := cfg.OpenCalendar()
	if err != nil {
		return report, err
	}
	store, err := postgres.Open(ctx, cfg.DatabaseURL, keys, cal)
	if err != nil {
		return report, fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer store.Close()
	runs, err := engine.Connect(ctx, keys, cfg.TaskQueue, log)
	if err != nil {
		return report, err
	}
	defer runs.Close()
	theBank, err := bank.New(bank.Config{BaseURL: cfg.BankURL, APIKey: cfg.BankAPIKey, Timeout: cfg.BankTimeout})
	if err != nil {
		return report, err
	}
	repairer := &restore.Repairer{
		Keeper: restore.Keeper{Book: store, Engine: runs, Every: restore.Every, Log: log},
		Bank:   theBank, Since: c.Since, DryRun: c.DryRun, By: c.by(), Reason: c.Reason, Now: time.Now, Say: say,
	}
	return repairer.All(ctx)
}

// by names who has it done, as the API names ops.
func (c *repairCommand) by() string {
	name := c.By
	if name == "" {
		name = "unknown"
		if me, err := user.Current(); err == nil {
			name = me.Username
		}
	}
	return string(registration.ByOps) + ":" + name
}

// writeReport lays out what a repair came to: what a person must judge comes last.
func writeReport(o *cli.IO, r restore.Report) error {
	lines := []string{"how they stood: " + r.Verdict}
	if r.Why != "" {
		lines = append(lines, "because:        "+r.Why)
	}
	if r.RestorePoint != nil {
		lines = append(lines, "restored to:    "+r.RestorePoint.UTC().Format(time.RFC3339)+", or a little later")
	}
	if counts := r.Counts(); counts != "" {
		lines = append(lines, "found:          "+counts)
	}
	if r.DryRun {
		lines = append(lines, "nothing was done: leave out --dry-run to repair")
	}
	judged := r.Judged()
	if len(judged) > 0 {
		lines = append(lines, "", "for a person to judge, each a finding (starter findings list --open):")
	}
	for _, f := range judged {
		lines = append(lines, fmt.Sprintf("  %-16s %s %s %s", f.What, f.ID, f.Account, f.Detail))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(o.Out, line); err != nil {
			return err
		}
	}
	return nil
}
