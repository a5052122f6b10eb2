// Package workday answers when a deadline falls: working days of mainland China with the State Council's holidays and
// make-up working days, calendar days and months, in Asia/Shanghai (spec/process.md, "Working days").
//
// It promises:
//   - "n working days after t" ends at 24:00 of the nth working day after t's local date, whatever t's own zone;
//   - a deadline that rests on a year whose notice is not published is marked provisional, never passed off as known;
//   - a calendar amended while the program runs is taken up at the next question, and a broken amendment changes
//     nothing but Err.
//
// It refuses to read a clock: every answer follows from its arguments and the calendar. And it does not move deadlines
// by itself: ask again when one comes due, and let Later decide.
//
// A Compressed calendar makes a day last seconds, for demonstrations and tests of what takes days.
package workday
