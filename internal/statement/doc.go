// Package statement holds the bank's statement against the payments: what went out that nobody here knows of, what
// should have gone out and has not, what went out twice or otherwise than we hold, and what came back too late.
//
// It promises to compare each day of Asia/Shanghai once it is over, and again every day for as long as money of it can
// come back ([Lookback]) or a difference is open; to have a state that the bank is merely ahead with taken as a report of
// the bank's is, before anything is called a difference; to look at every day that was compared before it
// calls a payment missing, or the only one under its key; to make one finding of a day's difference, however often it is
// seen, and to resolve it when it is gone. One process
// does so at a time; one that dies in the middle is replaced by another, which compares the day from the beginning.
//
// It asks the bank for few statements: of a day, of the two around it, and, if an answer was lost, of the days since the
// order, at most [Lookback] of them; of each day once a round. What further days have of a payment is known from their own
// comparisons. So a night costs some thirty questions, an hour three for each day with a difference that can mend.
//
// It does nothing while the database is held after a restore: what the statement has, and the rows have lost, is then for the
// repair to find. It refuses to decide which of the two is right, to order or to call back money, to put an amount into a finding, and to
// call a day compared of which the bank has given half a statement. What a demonstration calls a day is none to it:
// a bank's day has 24 hours.
//
// [Compare] is a function of values. [Keeper] is the job that feeds it.
package statement
