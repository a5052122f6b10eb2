package postgres

import (
	"context"
	"slices"

	"shiming/registration"
)

// judged goes on from waiting for eligibility.
func (c *clearingChange) judged(ctx context.Context) (*registration.Refusal, error) {
	if c.rec.State != registration.WaitingEligibility {
		return nil, nil
	}
	if ended, err := c.endIfGone(ctx); ended || err != nil {
		return nil, err
	}
	conditions, err := c.conditions(ctx, c.tx, c.rec)
	if err != nil {
		return nil, err
	}
	switch refusal, err := c.uncompared(ctx, conditions); {
	case err != nil:
		return nil, err
	case refusal != nil: // it waits until who asks may be compared; at once, if they may be by now
		c.rec.EligibleAt = refusal.RetryAt
		return nil, nil
	}
	needed := c.rec.neededToOpen(conditions)
	if needed.Eligible() {
		return nil, c.move(ctx, registration.BecameEligible)
	}
	if at, timeCures := needed.EligibleAt(); timeCures {
		c.rec.EligibleAt = &at
		return nil, nil
	}
	return nil, c.unmet(ctx, conditions)
}

// unmet leads to the applicant with the conditions that stand in the way.
func (c *clearingChange) unmet(ctx context.Context, conditions registration.Conditions) error {
	if err := c.move(ctx, registration.ConditionUnmet); err != nil {
		return err
	}
	c.setError(registration.CodeClearingNotEligible, c.rec.unmetFields(c.rec.neededToOpen(conditions))...)
	return c.letGo(ctx)
}

// unmetFields names what stands in the way as requirements do. What was found, which names cards and amounts, is not for the
// engine nor for a row: whoever reads the clearing is told of it by [withEvidence].
func (k *clearing) unmetFields(conditions registration.Conditions) []registration.FieldError {
	var fields []registration.FieldError
	for _, cond := range conditions {
		if cond.Unmet() {
			fields = append(fields, registration.FieldError{
				Location: conditionField(cond), Code: "unmet", Message: registration.Explain("condition_unmet", k.Locale),
			})
		}
	}
	return fields
}

func conditionField(cond registration.Condition) string { return "conditions." + string(cond.Code) }

// withEvidence says of fields that are conditions what was found.
func withEvidence(fields []registration.FieldError, conditions registration.Conditions) []registration.FieldError {
	shown := slices.Clone(fields)
	for i := range shown {
		for _, cond := range conditions {
			if cond.Unmet() && conditionField(cond) == shown[i].Location {
				shown[i].Message = cond.Evidence
			}
		}
	}
	return shown
}

// attemptUnmet ends an attempt to clear that has cleared nothing.
func (c *clearingChange) attemptUnmet(ctx context.Context) (*registration.Refusal, error) {
	if ended, err := c.attemptOver(ctx); ended || err != nil {
		return nil, err
	}
	conditions, err := c.conditions(ctx, c.tx, c.rec)
	if err != nil {
		return nil, err
	}
	return nil, c.unmet(ctx, conditions)
}

func (c *clearingChange) beginAttempt(ctx context.Context) (*registration.Refusal, error) {
	if c.rec.State != registration.Clearing {
		return nil, nil
	}
	c.rides = true      // on the decision, the first of them: both are lost with the task, and the decision's act with it
	if c.rec.HoldOpen { // whatever has become of the identity, this hold is to be released
		c.stale = c.rec.Attempt
	} else if over, err := c.endOrWait(ctx); over || err != nil {
		c.rides = !c.waits || c.rec.Acknowledged < c.rec.Version // one that waits again has lost nothing to begin with
		return nil, err
	}
	c.rec.Attempt++
	c.rec.HoldOpen = true
	return nil, nil
}

// SkipAttempts passes over the attempts to clear that a run of before a restore has begun, or, if it has not said how many, over the
// next one. If the clearing is at that now, its next attempt first releases the hold of the last of them, unless another clearing of
// the account has one.
func (s *Store) SkipAttempts(ctx context.Context, clearingID string, attempts int) error {
	_, err := s.pool.Exec(ctx, `update clearings k set attempt = case $2::int when 0 then attempt + 1 else $2 end,
		hold_open = hold_open or state = $3 and not exists (select from clearings o where o.account_id = k.account_id and o.id <> k.id and o.hold_open)
		where id = $1 and ended_at is null and ($2 = 0 or attempt < $2)`, clearingID, attempts, registration.Clearing)
	return err
}

// endOrWait reports that no attempt begins: the identity is gone, or another clearing of the account is being carried out.
func (c *clearingChange) endOrWait(ctx context.Context) (bool, error) {
	if ended, err := c.endIfGone(ctx); ended || err != nil {
		return ended, err
	}
	err := c.tx.QueryRow(ctx, `select exists (select from clearings where account_id = $1 and id <> $2 and hold_open)`, c.rec.account(), c.rec.ID).Scan(&c.waits)
	return c.waits, err
}
