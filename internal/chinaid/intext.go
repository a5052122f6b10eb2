package chinaid

import (
	"slices"
	"strings"
	"time"
)

// KindPhone is any telephone's number, a mobile's or a landline's.
const KindPhone Kind = "phone number"

// NumberIn looks for a number in what a person wrote that names a person or an account: a resident ID, a phone, a card, a bank
// account. Full-width and Chinese digits count, and so do numbers in groups ("138 0013 8000"). Dates, times, amounts, a company's
// own numbers and our ids are none. It is made to be right about what reviewers write, not about what somebody hides: a number of
// ten digits and more that is nothing else is taken for an account's.
func NumberIn(s string) (Kind, bool) {
	folded := foldText(s)
	if slices.ContainsFunc(runsIn(folded), holdsResidentID) {
		return KindResidentID, true
	}
	// What is a date with its separators is no part of a number; eight digits in a row may be.
	runs := runsIn(withoutMoments(folded))
	if slices.ContainsFunc(runs, holdsPhone) {
		return KindPhone, true
	}
	for _, run := range runs {
		for _, part := range run.withoutPublic() {
			switch {
			case holdsCard(part):
				return KindCard, true
			case holdsAccount(part):
				return KindBankAccount, true
			}
		}
	}
	return "", false
}

// Identifies reports whether an id that should say nothing says who somebody is: it holds a resident ID number, or is a mobile
// number, whatever separates the digits.
func Identifies(id string) bool {
	if slices.ContainsFunc(runsIn(foldText(id)), holdsResidentID) {
		return true
	}
	_, err := ParseMobile(strings.ReplaceAll(id, "_", ""))
	return err == nil
}

// group is digits in a row.
type group struct {
	digits string
	x      bool // an X follows, as it ends some resident ID numbers
	plus   bool // a plus sign is in front
}

// run is groups that only separators part: they may be one number.
type run []group

func (r run) joined() string {
	var all strings.Builder
	for _, g := range r {
		all.WriteString(g.digits)
	}
	return all.String()
}

// parts calls of with every stretch of the run that has so many digits, until it says true.
func (r run) parts(lo, hi int, of func(part run) bool) bool {
	for from := range r {
		length := 0
		for to := from; to < len(r); to++ {
			if length += len(r[to].digits); length > hi {
				break
			}
			if length >= lo && of(r[from:to+1]) {
				return true
			}
		}
	}
	return false
}

// all reports whether every group is so long.
func (r run) all(lo, hi int) bool {
	return !slices.ContainsFunc(r, func(g group) bool { return len(g.digits) < lo || len(g.digits) > hi })
}

// grouped reports whether people write numbers in such groups: few, or spelled out in ones or twos.
func (r run) grouped() bool { return len(r) <= 5 || r.all(1, 1) || r.all(2, 2) }

func holdsResidentID(r run) bool {
	return r.parts(residentCheck, residentLen, func(part run) bool {
		number, last := part.joined(), part[len(part)-1]
		if len(number) == residentCheck {
			if !last.x {
				return false
			}
			number += "X"
		}
		_, err := ParseResidentID(number)
		return err == nil || part.writtenAsResidentID(6, 8, len(number)-residentBirth-8)
	}) || r.parts(15, 15, func(part run) bool {
		return part.writtenAsResidentID(6, 6, 3) || len(part) == 1 && oldResidentID(part.joined())
	})
}

// writtenAsResidentID recognises a number by how its holder groups it, be its check character right or not.
func (r run) writtenAsResidentID(region, birth, seq int) bool {
	if len(r) != 3 || len(r[0].digits) != region || len(r[1].digits) != birth || len(r[2].digits) < min(seq, 3) {
		return false
	}
	date := r[1].digits
	if birth == 6 {
		date = "19" + date
	}
	return inProvince(r[0].digits) && realBirthdate(date)
}

func inProvince(region string) bool { return strings.Contains(provinces, " "+region[:2]+" ") }

// oldResidentID is a number of fifteen digits, void since 2013.
func oldResidentID(n string) bool { return inProvince(n) && realBirthdate("19"+n[residentBirth:12]) }

// registrationChecks is the check digit of GS 15-2006, ISO 7064 MOD 11,10.
func registrationChecks(n string) bool {
	rest := 10
	for i := range len(n) - 1 {
		if rest = (rest + int(n[i]-'0')) % 10; rest == 0 {
			rest = 10
		}
		rest = rest * 2 % 11
	}
	return (rest+int(n[len(n)-1]-'0'))%10 == 1
}

func holdsPhone(r run) bool {
	if r[0].plus && len(r.joined()) >= 8 {
		return true
	}
	return r.parts(mobileLen, mobileLen+4, func(part run) bool {
		_, err := ParseMobile(part.joined())
		return err == nil && part.grouped()
	}) || r.parts(10, 12, landline)
}

// landline is an area code and seven or eight digits.
func landline(part run) bool {
	if len(part) < 2 || len(part) > 4 {
		return false
	}
	area, rest := part[0].digits, part[1:].joined()
	long := len(area) == 3 && (area == "010" || strings.HasPrefix(area, "02")) || len(area) == 4 && area[0] == '0' && area[1] >= '3'
	return long && (len(rest) == 7 || len(rest) == 8)
}

func holdsCard(r run) bool {
	return r.parts(shortestCard+1, longestCard, func(part run) bool {
		_, err := ParseCard(part.joined())
		return err == nil && part.grouped()
	})
}

func holdsAccount(r run) bool {
	const shortest, shortestGrouped = 10, 12
	if slices.ContainsFunc(r, func(g group) bool { return len(g.digits) >= shortest }) {
		return true
	}
	return r.parts(shortestGrouped, longestAccount, func(part run) bool { return part.all(3, longestAccount) && !part.all(3, 3) })
}

// withoutPublic leaves of a run what is no date, no company's number and no service line.
func (r run) withoutPublic() []run {
	var parts []run
	var part run
	for i, g := range r {
		year := len(r) > 1 && isYear(g.digits) && (i == 0 || isYear(r[i-1].digits) || isPublic(r[i-1].digits))
		if isPublic(g.digits) || year {
			parts, part = append(parts, part), nil
			continue
		}
		part = append(part, g)
	}
	return append(parts, part)
}

func isYear(n string) bool {
	return len(n) == 4 && (strings.HasPrefix(n, "19") || strings.HasPrefix(n, "20"))
}

func isPublic(n string) bool {
	switch len(n) {
	case 8, 12, 14: // 20261127, 202611271030, 20261127103000
		at, err := time.Parse("20060102150405"[:len(n)], n)
		return err == nil && at.Year() >= 1900 && at.Year() < 2100
	case 10: // 400 810 8888
		return strings.HasPrefix(n, "400") || strings.HasPrefix(n, "800")
	case 15:
		return registrationChecks(n)
	case usccLen:
		_, err := ParseUSCC(n)
		return err == nil || n[0] == '9' && inProvince(n[2:])
	}
	return false
}
