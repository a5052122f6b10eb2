package main

import (
	"fmt"

	"shiming/internal/config"
	"shiming/internal/postgres"
)

type migrateCommand struct{}

// Run brings the schema up to date. Running it twice, or from two places, does no harm.
func (*migrateCommand) Run(stop *stopper) error {
	cfg, err := config.Read[config.Migrate]()
	if err != nil {
		return err
	}
	if err := postgres.Migrate(stop.soon, cfg.DatabaseURL); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	fmt.Println("the database is up to date")
	return nil
}
