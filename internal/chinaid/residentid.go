package chinaid

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ResidentID is a resident identity number (公民身份号码, GB 11643-1999): six digits of region, eight of birthdate,
// three of sequence and a check character. Its mask is 1****************4: the region or the last four
// characters would leave few numbers to try.
type ResidentID struct{ hidden }

// Positions within a resident ID number.
const (
	residentLen   = 18
	residentBirth = 6 // where the birthdate begins; the region code is before it
	residentSeq   = 14
	residentCheck = 17
)

// Years of birth that are taken for real, inclusive.
const (
	firstBirthYear = 1800
	lastBirthYear  = 2199
)

// provinces are the first two digits of GB/T 2260's region codes; 81 to 83 are Hong Kong, Macao and Taiwan residents'.
// The other four digits have changed with every reform since 1984, so any will do.
const provinces = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "

// ParseResidentID reads an 18-character resident ID number. The 15-digit numbers, void since 2013, and foreigners'
// permanent residence cards are refused. That the date is not in the future is for the caller to check.
func ParseResidentID(s string) (ResidentID, error) {
	id, err := tidyCode(KindResidentID, s, true)
	switch {
	case err != nil:
		return ResidentID{}, err
	case !allDigits(strings.TrimSuffix(id, "X")):
		return ResidentID{}, refuse(KindResidentID, ReasonCharacter)
	case len(id) != residentLen:
		return ResidentID{}, refuse(KindResidentID, ReasonLength)
	case !strings.Contains(provinces, " "+id[:2]+" "):
		return ResidentID{}, refuse(KindResidentID, ReasonRegion)
	case !realBirthdate(id[residentBirth:residentSeq]):
		return ResidentID{}, refuse(KindResidentID, ReasonDate)
	case residentCheckCharacter(id[:residentCheck]) != id[residentCheck]:
		return ResidentID{}, refuse(KindResidentID, ReasonCheck)
	}
	return ResidentID{hide(id, id[:1]+strings.Repeat("*", residentLen-2)+id[residentCheck:])}, nil
}

// NewResidentID builds a valid number for a synthetic person: a six-digit region, the calendar day of birth in birth's
// own location, and a sequence number of 0 to 999 (odd for men, even for women).
func NewResidentID(region string, birth time.Time, seq int) (ResidentID, error) {
	if len(region) != residentBirth || !allDigits(region) {
		return ResidentID{}, refuse(KindResidentID, ReasonRegion)
	}
	if y := birth.Year(); y < firstBirthYear || y > lastBirthYear {
		return ResidentID{}, refuse(KindResidentID, ReasonDate)
	}
	if seq < 0 || seq > 999 {
		return ResidentID{}, refuse(KindResidentID, ReasonLength)
	}
	body := region + birth.Format("20060102") + fmt.Sprintf("%03d", seq)
	return ParseResidentID(body + string(residentCheckCharacter(body)))
}

// Birthdate is the holder's date of birth; zeros for the zero value.
func (id ResidentID) Birthdate() (year int, month time.Month, day int) {
	if id.IsZero() {
		return 0, 0, 0
	}
	birth, err := time.Parse("20060102", id.Value()[residentBirth:residentSeq])
	if err != nil {
		return 0, 0, 0 // cannot happen: no other date passes the parser
	}
	return birth.Date()
}

func realBirthdate(yyyymmdd string) bool {
	if year, err := strconv.Atoi(yyyymmdd[:4]); err != nil || year < firstBirthYear || year > lastBirthYear {
		return false
	}
	_, err := time.Parse("20060102", yyyymmdd) // refuses 30 February and 29 February of common years
	return err == nil
}

// residentCheckCharacter is ISO 7064 MOD 11-2 over 17 digits.
func residentCheckCharacter(body string) byte {
	sum := 0
	for i := range len(body) {
		sum = (sum + int(body[i]-'0')) * 2 % 11
	}
	return "0123456789X"[(12-sum)%11]
}
