package diagram

import (
	"fmt"
	"slices"
	"strings"

	"shiming/registration"
)

// aside reports whether a row is listed below the diagram: the ends that nearly every state leads to, what changes no
// state, a late return, and company information that is handed in again.
func aside(t registration.Transition) bool {
	switch {
	case t.To == registration.Withdrawn, t.To == registration.Expired, t.To == t.From, t.Event == registration.PaymentReturned, t.Event == registration.BindingGone:
		return true
	}
	return t.Event == registration.CompanyAccepted && t.From != registration.CompanyRequired
}

// edge is every way from one state to another, drawn as one arrow.
type edge struct {
	from, to registration.State
	labels   []string
}

// kinds lists what is drawn: the kinds of developer, and the clearing of an identity.
func kinds() []registration.Kind { return append(registration.Kinds(), registration.IdentityClearing) }

// Mermaid draws a kind's table as a Mermaid state diagram. Colours say whom a state waits for.
func Mermaid(kind registration.Kind) string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	states := map[registration.Party][]string{}
	for _, e := range edges(kind) {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", spell(e.from), spell(e.to), strings.Join(e.labels, "<br/>"))
	}
	for _, s := range drawn(kind) {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
		states[s.WaitingOn()] = append(states[s.WaitingOn()], string(s))
	}
	for _, c := range colours {
		if names := states[c.party]; names != nil {
			fmt.Fprintf(&b, "    classDef %s fill:%s,stroke:%s,color:#1f2328\n", c.party, c.fill, c.stroke)
			fmt.Fprintf(&b, "    class %s %s\n", strings.Join(names, ","), c.party)
		}
	}
	return b.String()
}

// colours stay readable on a light page and on a dark one: text and background are both set.
var colours = []struct {
	party        registration.Party
	name         string
	fill, stroke string
}{
	{registration.Applicant, "blue", "#cfe3ff", "#3b6fb6"},
	{registration.Bank, "yellow", "#ffe9b3", "#b58a1b"},
	{registration.Reviewer, "violet", "#e6d7ff", "#7a52b3"},
	{registration.Nobody, "grey", "#e4e7eb", "#6b7280"},
}

// edges gathers the table's rows by their two states, in the table's order.
func edges(kind registration.Kind) []edge {
	var all []edge
	guarded := map[string]bool{} // a row before this one, on the same event, has a guard
	for _, t := range registration.Table(kind) {
		if aside(t) {
			continue
		}
		key := string(t.From) + " " + string(t.Event)
		label := labelOf(t, guarded[key])
		guarded[key] = guarded[key] || t.Guard != registration.Always
		i := slices.IndexFunc(all, func(e edge) bool { return e.from == t.From && e.to == t.To })
		if i < 0 {
			all = append(all, edge{t.From, t.To, nil})
			i = len(all) - 1
		}
		all[i].labels = append(all[i].labels, label)
	}
	return all
}

// labelOf names a row by its event and what must hold for it.
func labelOf(t registration.Transition, elsewhere bool) string {
	switch {
	case t.Guard != registration.Always:
		return fmt.Sprintf("%s<br/>[%s]", t.Event, t.Guard)
	case elsewhere:
		return fmt.Sprintf("%s<br/>[else]", t.Event)
	}
	return string(t.Event)
}

// drawn lists the states with an arrow, in the order a registration meets them.
func drawn(kind registration.Kind) []registration.State {
	var known []registration.State
	for _, e := range edges(kind) {
		known = append(known, e.from, e.to)
	}
	order := registration.States()
	if kind == registration.IdentityClearing {
		order = registration.ClearingStates()
	}
	return slices.DeleteFunc(order, func(s registration.State) bool { return !slices.Contains(known, s) })
}

func spell(s registration.State) string {
	if s == registration.None {
		return "[*]"
	}
	return string(s)
}
