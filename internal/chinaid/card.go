package chinaid

import (
	"fmt"
	"strconv"
)

// Card is a bank card's number (ISO/IEC 7812), 12 to 19 digits with a Luhn check digit. Its mask is ****6789.
type Card struct{ hidden }

const (
	shortestCard = 12
	longestCard  = 19
)

// ParseCard reads a card number, with or without the spaces and hyphens of its groups.
func ParseCard(s string) (Card, error) {
	n, err := tidyDigits(KindCard, s, false, shortestCard, longestCard)
	if err != nil {
		return Card{}, err
	}
	if last := len(n) - 1; luhnDigit(n[:last]) != n[last] {
		return Card{}, refuse(KindCard, ReasonCheck)
	}
	return Card{hide(n, maskLast4(n))}, nil
}

// NewCard builds a valid number of 19 digits for a synthetic card: the prefix, the last digits of serial, and the check
// digit. It panics if the prefix is not 1 to 17 digits, which is a mistake in the code that calls it.
func NewCard(prefix string, serial uint64) Card {
	width := longestCard - 1 - len(prefix)
	if prefix == "" || width < 1 || !allDigits(prefix) {
		panic("chinaid: a card's prefix must be 1 to 17 digits")
	}
	padded := fmt.Sprintf("%0*s", longestCard, strconv.FormatUint(serial, 10))
	body := prefix + padded[len(padded)-width:]
	n := body + string(luhnDigit(body))
	return Card{hide(n, maskLast4(n))}
}

// Last4 is the last four digits, which may be shown; empty for the zero value.
func (c Card) Last4() string {
	if c.IsZero() {
		return ""
	}
	return last4(c.Value())
}

// luhnDigit is the check digit for the digits before it.
func luhnDigit(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 { // every second digit from the check digit leftwards counts double, digits summed
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}
