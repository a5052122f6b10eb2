package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// bareCommand is what this program is called with to be the least that can answer a read: net/http, a pool, one select.
const bareCommand = "bare-server"

// bareServer is that process. It reads the row by its key and writes it as JSON: no token, no key, no vault, no limit.
func bareServer(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s wants an address to listen on, and the database's in DATABASE_URL", bareCommand)
	}
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer pool.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/registrations/{id}", func(w http.ResponseWriter, r *http.Request) { bareRead(w, r, pool) })
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Addr: args[0], Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		_ = server.Close() // it ends with its owner
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type bareRow struct {
	ID        string     `json:"id"`
	AccountID string     `json:"account_id"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	Locale    string     `json:"locale"`
	State     string     `json:"state"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	DueAt     *time.Time `json:"due_at"`
}

func bareRead(w http.ResponseWriter, r *http.Request, pool *pgxpool.Pool) {
	var row bareRow
	err := pool.QueryRow(r.Context(), `select id, account_id, kind, name, locale, state, created_at, updated_at, due_at from registrations where id = $1`, r.PathValue("id")).
		Scan(&row.ID, &row.AccountID, &row.Kind, &row.Name, &row.Locale, &row.State, &row.CreatedAt, &row.UpdatedAt, &row.DueAt)
	if err != nil {
		http.Error(w, "no row", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(row) // whoever is gone reads nothing
}

// startBare starts the process and says where it answers.
func (s *stack) startBare(ctx context.Context) (string, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	c, err := startChild(s.logs, bareCommand, self, settings{"DATABASE_URL": s.servers.database}, bareCommand, address)
	if err != nil {
		return "", err
	}
	s.children = append(s.children, c)
	return "http://" + address, s.awaitReady(ctx, "http://"+address+"/readyz")
}
