package api

import "slices"

// role is what a caller may be.
type role string

// The roles.
const (
	platform role = "platform" // acts for applicants
	reviewer role = "reviewer" // decides
	ops      role = "ops"      // watches, and helps what is stuck
)

func knownRole(r role) bool { return r == platform || r == reviewer || r == ops }

// roles is who may call what, by operation. An operation that is not here may be called by nobody.
func roles(operation string) []role {
	switch operation {
	case "list-registrations", "get-registration", "get-timeline", "watch-registration", "get-account":
		return []role{platform, reviewer, ops}
	case "open-registration", "hand-in-card", "confirm-card-code", "resend-card-code", "open-admin-session", "hand-in-company",
		"enter-deposit", "request-payout", "set-name", "set-contact", "put-document", "submit-registration", "withdraw-registration":
		return []role{platform}
	case "add-webhook-endpoint", "list-webhook-endpoints", "get-webhook-endpoint", "drop-webhook-endpoint", "ping-webhook-endpoint",
		"list-webhook-deliveries", "get-webhook-delivery", "retry-webhook-delivery":
		return []role{platform}
	case "preflight-clearing", "get-clearing", "get-contested-clearing":
		return []role{platform, reviewer, ops}
	case "open-clearing", "put-document-of-clearing", "submit-clearing", "withdraw-clearing", "contest-identity",
		"put-document-of-contested-clearing", "submit-contested-clearing", "withdraw-contested-clearing":
		return []role{platform}
	case "resolve-payout", "grant-payout", "list-findings", "get-finding", "resolve-finding", "assign-finding", "list-reconciliations",
		"get-reconciliation", "reconcile-day", "list-notices", "resend-notice", "accept-notice",
		"get-payout-pause", "pause-payouts", "resume-payouts", "repair-registration", "repair-clearing",
		"list-payments", "get-payment", "total-payments", "trace-payment":
		return []role{ops}
	case "trace-payout":
		return []role{platform, ops}
	case "list-reviews", "get-review", "assign-review", "get-clearing-timeline":
		return []role{reviewer, ops}
	case "claim-review", "release-review", "decide-review", "get-review-document":
		return []role{reviewer}
	}
	return nil
}

// mayCall reports whether one of a caller's roles is enough for an operation.
func mayCall(operation string, has []role) bool {
	return slices.ContainsFunc(roles(operation), func(r role) bool { return slices.Contains(has, r) })
}

// ofTheHouse reports whether a caller works on cases here, and does not only call for applicants.
func ofTheHouse(has []role) bool { return slices.Contains(has, reviewer) || slices.Contains(has, ops) }
