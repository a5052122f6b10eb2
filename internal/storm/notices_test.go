package storm

import (
	"fmt"
	"slices"
	"time"

	"shiming/registration"
)

// mailing is everything of one kind that went to one address.
type mailing struct{ channel, to, kind string }

// recordWithin is how long a process may take to write down a provider's yes. One that is killed within it may not have done
// so; an outage of the database holds the record up for as long as it lasts.
const recordWithin = 3 * time.Second

// unknown reports whether the process cannot have known, or not have kept, what became of a message: the call got no answer, or
// the process died before the answer was on record.
func (c *messageCall) unknown(outages []span) bool {
	if !c.Answered {
		return true
	}
	if c.Status >= 300 {
		return false // a clear no
	}
	died, over := c.By.end()
	if !over {
		return false
	}
	deadline := c.Ended.Add(recordWithin)
	for _, o := range outages {
		if o.overlaps(span{c.Ended, deadline}) && o.To.Add(recordWithin).After(deadline) {
			deadline = o.To.Add(recordWithin)
		}
	}
	return died.Before(deadline)
}

// tally is what happened to a mailing.
type tally struct {
	came    int // messages in the inbox
	unknown int // tries whose outcome the process cannot have kept
}

// tallies counts messages and unknown tries.
func tallies(inbox []message, calls []*messageCall, outages []span) map[mailing]tally {
	all := map[mailing]tally{}
	for _, m := range inbox {
		kind := kinds.ofSubject(m.Subject)
		if m.Channel == "sms" {
			kind = kinds.ofText(m.Text)
		}
		if kind == "" {
			continue // the bank's own
		}
		key := mailing{m.Channel, m.To, kind}
		t := all[key]
		t.came++
		all[key] = t
	}
	for _, c := range calls {
		if c.Kind == "" || !c.unknown(outages) {
			continue
		}
		key := mailing{c.Channel, c.To, c.Kind}
		t := all[key]
		t.unknown++
		all[key] = t
	}
	return all
}

// occasions is how many notices of a kind an account's story has given rise to: at least and at most, on one channel.
func (s *sight) occasions(kind string) (least, most int) {
	payments := s.payments()
	switch kind {
	case "payment_requested":
		return 0, payments
	case "money_arrived", "payment_failed", "window_closed", "window_closing":
		return 0, payments
	case "approved":
		n := s.of(s.Timeline, registration.ApprovedByReviewer)
		return n, n
	case "correction_required":
		n := s.of(s.Timeline, registration.CorrectionsRequested)
		return n, n
	case "rejected":
		n := s.of(s.Timeline, registration.RejectedByReviewer)
		return n, n
	case "clearing_decided":
		n := s.of(s.ClearingTimeline, registration.RejectedByReviewer, "identity_cleared")
		return n, n
	}
	return 0, 1
}

func (s *sight) of(timeline []registration.TimelineEntry, events ...registration.Event) int {
	return (&sight{Timeline: timeline}).count(events...)
}

// accountKinds are the notices that go to an account's own addresses.
var accountKinds = []string{
	"payment_requested", "money_arrived", "payment_failed", "window_closed", "window_closing", "expiry_reminder", "approved",
	"correction_required", "rejected", "clearing_decided", "clearing_objection",
}

// notices finds what came too often or never.
func notices(s *scene) (all []trouble) {
	counted := tallies(s.Inbox, s.Calls, s.Outages)
	for _, one := range s.Sights {
		if one.View == nil {
			continue
		}
		for _, channel := range []string{"email", "sms"} {
			to := map[string]string{"email": one.Who.Email, "sms": one.Who.Phone}[channel]
			for _, kind := range accountKinds {
				least, most := one.occasions(kind)
				if channel == "sms" {
					least = 0
				}
				all = append(all, judged(one, mailing{channel, to, kind}, counted[mailing{channel, to, kind}], least, most, s.Listed)...)
			}
		}
		all = append(all, unannounced(one, counted)...)
	}
	return all
}

// lastTry is the try after which a message of unknown outcome is left to ops.
const lastTry = 2

// judged judges one mailing: each surplus message needs a try whose outcome the process could not know, and no notice
// comes three times. listed: the product tells ops what it gave up.
func judged(one *sight, m mailing, t tally, least, most int, listed bool) (all []trouble) {
	is := func(text string) {
		all = append(all, trouble{ruleNotices, one.Account, fmt.Sprintf("%s by %s %s: it came %d times for %d occasions, %d tries of unknown outcome", m.kind, m.channel, text, t.came, most, t.unknown)})
	}
	switch {
	case t.came > most && t.came-most > t.unknown:
		is("without an excuse")
	case t.came > 2*most:
		is("too often")
	case t.came < least && len(one.Findings) > 0: // ops knows
	case t.came < least && t.unknown < lastTry:
		is("was lost")
	case t.came < least && listed:
		is("was lost, and nobody was told")
	}
	return all
}

// unannounced is money that was sent before any channel had taken the notice.
func unannounced(one *sight, counted map[mailing]tally) []trouble {
	if len(one.Statement) == 0 || len(one.Findings) > 0 {
		return nil
	}
	mail, sms := counted[mailing{"email", one.Who.Email, "payment_requested"}], counted[mailing{"sms", one.Who.Phone, "payment_requested"}]
	if mail.came+sms.came >= len(one.Statement) {
		return nil
	}
	return []trouble{{ruleNotices, one.Account, fmt.Sprintf("%d transfers, announced %d times", len(one.Statement), mail.came+sms.came)}}
}

// findingsMatch holds every finding against what was done to the product.
func findingsMatch(s *scene) (all []trouble) {
	for _, f := range s.Findings {
		if f.Kind != "message_unsure" {
			all = append(all, trouble{ruleFindings, f.AccountID, fmt.Sprintf("%s of %s matches nothing that was done", f.Kind, f.Subject)})
			continue
		}
		if !s.abandoned(f) && !s.unsure(f.AccountID) {
			all = append(all, trouble{ruleFindings, f.AccountID, fmt.Sprintf("%s of %s: no message of this account had an unknown outcome", f.Kind, f.Subject)})
		}
	}
	return all
}

// abandoned reports whether a process died that had written to the notice of a finding: it may have begun to send it, and not have come
// as far as the provider.
func (s *scene) abandoned(f finding) bool {
	return slices.ContainsFunc(s.Writers[f.Subject], func(by *life) bool {
		died, over := by.end()
		return over && died.Before(f.Since)
	})
}

// unsure reports whether a message to an account, or to the house if it is of none, had an outcome that nobody knew.
func (s *scene) unsure(account string) bool {
	to := []string{"reviewers@example.com", "ops@example.com"}
	for _, one := range s.Sights {
		if one.Account == account {
			to = []string{one.Who.Email, one.Who.Phone}
		}
	}
	for _, c := range s.Calls {
		for _, address := range to {
			if c.To == address && c.unknown(s.Outages) {
				return true
			}
		}
	}
	return false
}

// excused counts the surplus messages.
func excused(s *scene) (n int) {
	counted := tallies(s.Inbox, s.Calls, s.Outages)
	for _, one := range s.Sights {
		for key, t := range counted {
			if key.to != one.Who.Email && key.to != one.Who.Phone {
				continue
			}
			if _, most := one.occasions(key.kind); t.came > most {
				n += t.came - most
			}
		}
	}
	return n
}
