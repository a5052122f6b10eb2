// Package notice writes every e-mail and SMS that Shiming sends: to applicants, to reviewers and to ops.
//
// It promises, for each kind of notice and in each language, a text that says what happened, what to do next
// and by when; and that user text cannot do harm in it: markup shows as text, a name can neither break a line
// nor a header nor bring a link of its own, and an SMS parameter keeps within what the provider takes.
//
// It refuses to know secrets. [Data] has no place for an ID number, a card, a full account number or the amount
// of a penny payment, so no notice can contain one. Subjects, and whatever goes to reviewers and ops, hold no
// name either.
//
// It does no I/O beyond its embedded templates, looks at no clock, and sends nothing: when a notice is due and
// to whom it goes is the caller's to decide, with [Kind.Channels] and [Kind.Audience] as the rule.
package notice
