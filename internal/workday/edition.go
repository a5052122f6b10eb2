package workday

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Edition tells calendars apart. Two processes whose editions have the same version give every deadline alike.
type Edition struct {
	Version string // short, and the same wherever the calendar is the same
	Words   string // which notices are in force, for people
}

// The days that an edition's version is made of: those that an open deadline can reach, and many years more, so that it
// changes with the calendar alone and never by the passing of time.
const (
	editionFrom = 2025
	editionTo   = 2060
)

// edition is made of the answers and not of the notices, so that a notice's other name moves no deadline, and a release
// that computes an unpublished year in another way is another edition.
func (n notices) edition() Edition {
	sum := sha256.New()
	for d := (date{editionFrom, time.January, 1}); d.year <= editionTo; d = d.next() {
		working, provisional := n.day(d)
		switch {
		case working && provisional:
			sum.Write([]byte{'w'})
		case working:
			sum.Write([]byte{'W'})
		case provisional:
			sum.Write([]byte{'o'})
		default:
			sum.Write([]byte{'O'})
		}
	}
	return Edition{Version: hex.EncodeToString(sum.Sum(nil)[:8]), Words: n.words()}
}

// words say which notices are in force, in figures: they are read in every language.
func (n notices) words() string {
	last := 0
	for year := range n.published {
		if !slices.Contains(n.override, year) {
			last = max(last, year)
		}
	}
	text := fmt.Sprintf("%d–%d", firstNoticeYear, last)
	if len(n.override) == 0 {
		return text
	}
	over := make([]string, len(n.override))
	for i, year := range n.override {
		over[i] = fmt.Sprintf("%d (%s)", year, n.published[year])
	}
	return text + "; HOLIDAYS_FILE: " + strings.Join(over, ", ")
}

// withEdition has the notices know their edition, computed when somebody asks for the first time.
func (n notices) withEdition() notices {
	n.once = sync.OnceValue(n.edition)
	return n
}
