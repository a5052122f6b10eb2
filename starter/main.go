// Command starter runs the parts of Shiming that people start by hand: the HTTP API, the whole product for development
// or as a demonstration, the sandbox, the small commands that set it up, and those by which people use the API
// (package cli).
//
// It promises that a command that cannot do its work says what to do about it and ends non-zero, with nothing left
// running; and that Ctrl-C ends everything it started, in order. It refuses to link workflow code: workflows run in the
// worker, a program of its own.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/alecthomas/kong"

	"shiming/internal/cli"
)

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve the HTTP API, configured by environment variables."`
	Dev     devCommand     `cmd:"" help:"Run everything for development: PostgreSQL, Temporal with its UI, the sandbox, a worker and the API."`
	Demo    demoCommand    `cmd:"" help:"Run everything with nothing kept, and drive four registrations through the API before your eyes."`
	Sandbox sandboxCommand `cmd:"" help:"Serve the stand-ins for bank, wallet, SMS and e-mail, configured by environment variables."`
	Keys    keysCommand    `cmd:"" help:"Make a key file for the vault."`
	Migrate migrateCommand `cmd:"" help:"Bring the database at DATABASE_URL up to date."`

	Backup  backupCommand  `cmd:"" help:"Back up the database at DATABASE_URL and the scans at BLOBS_URL into a new folder below DIR."`
	Restore restoreCommand `cmd:"" help:"Put a backup back. The product must not run."`
	Drill   drillCommand   `cmd:"" help:"Rehearse the newest backup below DIR beside the product, and say what is amiss."`
	Repair  repairCommand  `cmd:"" group:"Ops:" help:"After a restore, bring database and engine together again (--all, configured like the worker); or have the run of one registration or clearing repaired, through the API."`

	Calendar calendarCommands `cmd:"" help:"Show the calendar of working days, or what an amendment would move."`

	cli.Commands `embed:""`
}

func main() {
	var cmd commands
	parsed := kong.Parse(
		&cmd, kong.Name("starter"), kong.UsageOnError(),
		kong.Description("Developer-account registration and real-name verification on Temporal."),
		kong.Exit(exit),
	)
	stop := notifyStop()
	parsed.BindTo(stop.soon, (*context.Context)(nil))
	err := parsed.Run(stop, cli.System())
	if err != nil && !errors.Is(err, errReported) {
		cli.Report(os.Stderr, "starter", err)
	}
	os.Exit(cli.ExitCode(err))
}

// exit ends the program where kong wants it to: after help, or because it was called wrongly.
func exit(code int) {
	if code != 0 {
		code = cli.Usage
	}
	os.Exit(code)
}

// errReported says that the command failed and has told why.
var errReported = errors.New("failed")
