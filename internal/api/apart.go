package api

import (
	"context"

	"shiming/internal/problem"
)

// Whoever opens a case or acts for its applicant neither decides it nor sees what only those see who do: a claimant would learn
// whose account it is, and an applicant approve themselves. A token may have both roles.

// notOfOwn ends the description of every call of those who decide.
const notOfOwn = " Not for a caller who has opened the case or handed something in for it (`forbidden`)."

// actsFor notes that the caller acts for the applicant of a registration or clearing.
func (s *server) actsFor(ctx context.Context, id string) error {
	return s.Store.ActsFor(ctx, id, requestOf(ctx).caller.name)
}

// mayReview refuses a caller who has acted for the applicant of a case.
func (s *server) mayReview(ctx context.Context, id string) error {
	if err := mustBeID(id); err != nil {
		return err
	}
	switch own, err := s.Store.OwnCase(ctx, id, requestOf(ctx).caller.name); {
	case err != nil:
		return err
	case own:
		return ownCase()
	}
	return nil
}

// ownCase refuses those who have a part in a case to those who decide it.
func ownCase() error {
	return problem.New(problem.CodeForbidden, problem.WithDetail("You have opened this case or handed something in for it: another person decides it."))
}
