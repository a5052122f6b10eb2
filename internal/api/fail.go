package api

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"shiming/internal/engine"
	"shiming/internal/outside"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/vault"
	"shiming/registration"
)

// problemOf puts any error into HTTP's terms. What is no refusal is logged by its kind.
func (s *server) problemOf(ctx context.Context, err error) *problem.Problem {
	var own *problem.Problem
	var refusal *registration.Refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refusal):
		return problem.FromRefusal(refusal, s.Now())
	case errors.Is(err, postgres.ErrNotFound), errors.Is(err, postgres.ErrErased):
		return problem.New(registration.CodeNotFound)
	case errors.Is(err, postgres.ErrCursor):
		return problem.FromFields(registration.FieldError{Location: "query.cursor", Code: codeInvalid, Message: "Send a next_cursor of this list."})
	}
	s.Log.ErrorContext(ctx, "a call could not be answered", "operation", sightOf(ctx).named(), "error", err)
	switch {
	case errors.Is(err, outside.ErrUnavailable), errors.Is(err, outside.ErrUnknown):
		return problem.New(registration.CodeProviderUnavailable)
	case errors.Is(err, engine.ErrBusy), tooMuch(err):
		requestOf(ctx).unanswered = true
		return problem.New(problem.CodeEngineBusy, problem.WithRetryAfter(busyPause()))
	case errors.Is(err, vault.ErrStorage), full(err):
		return problem.New(problem.CodeStorageUnavailable)
	case errors.Is(err, engine.ErrUnavailable), errors.Is(err, engine.ErrStillWorking), errors.Is(err, engine.ErrNoRun), away(err):
		requestOf(ctx).unanswered = true
		return problem.New(problem.CodeEngineUnavailable)
	}
	return problem.New(problem.CodeInternal)
}

// The conditions of PostgreSQL by its codes (appendix A of its manual).
const (
	tooManyConnections = "53300"
	diskFull           = "53100"
	ioError            = "58030"
)

// tooMuch reports whether the database has no room for another connection.
func tooMuch(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == tooManyConnections
}

// full reports whether the database has no room, or its disk fails: ops mends that where scans' disks are mended, and waiting for
// Temporal would not.
func full(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == diskFull || pg.Code == ioError)
}

// away reports whether the database does not answer: it cannot be reached, is starting or stopping, or took too long.
func away(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		// Connection exceptions, insufficient resources, operator intervention, system errors.
		for _, class := range []string{"08", "53", "57", "58"} {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	case errors.As(err, &connect), errors.As(err, &network), pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return true
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "conn closed")
}
