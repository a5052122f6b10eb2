package registration

// ClearingFacts are what the rules of a clearing look at.
type ClearingFacts struct {
	Approvals
	Kind  Kind // of the account concerned; empty: none is
	Asked bool // the holder was asked whether they object, or could not be
	Gone  bool // what it is about is bound no more
}

// Facts are what the table's guards look at.
func (f ClearingFacts) Facts() Facts {
	return Facts{
		NothingBound:    f.Kind == "" || f.Gone,
		SecondReview:    f.Owed() > 0,
		ObjectionOwed:   (f.ByLetter || f.Contested) && !f.Asked,
		ContestedByName: f.Contested,
	}
}

// NeededToOpen are the conditions that must be met before materials are handed in.
func (f ClearingFacts) NeededToOpen(conditions Conditions) Conditions {
	switch {
	case f.Contested: // the others are its owner's, and none of the claimant's
		return conditions[:min(1, len(conditions))]
	case f.Kind == "":
		return conditions
	}
	return conditions.NeededToOpen(f.Kind)
}

// Needed are the conditions that stand in the way if they are not met. Of a contested claim only the first does: the
// others protect the account's owner, who was asked, and who must not be able to keep another person's identity by leaving
// a cent in the account. The letter of an authorised person stands in for the first, with a second reviewer and the
// holder's silence.
func (f ClearingFacts) Needed(conditions Conditions) Conditions {
	switch {
	case f.Contested:
		return conditions[:min(1, len(conditions))]
	case f.ByLetter:
		return conditions.ButHolder()
	}
	return conditions
}
