// Package statement holds the bank's statement against the payments: what went out that nobody here knows of, what
// should have gone out and has not, what went out twice or otherwise than we hold, and what came back too late.
//
// It promises to compare each day of Asia/Shanghai once it is over, and again every day for as long as money of it can
// come back ([Lookback]) or a difference is open; to have a state that the bank is merely ahead with taken as a report of
// the bank's is, before anything is called a difference; to look at the neighbouring days before it calls a payment
// missing; to make one finding of a difference, however often it is seen, and to resolve it when it is gone. One process
// does so at a time; one that dies in the middle is replaced by another, which compares the day from the beginning.
//
// It refuses to decide which of the two is right, to order or to call back money, to put an amount into a finding, and to
// call a day compared of which the bank has given half a statement. What a demonstration calls a day is none to it:
// a bank's day has 24 hours.
//
// [Compare] is a function of values. [Keeper] is the job that feeds it.
package statement
