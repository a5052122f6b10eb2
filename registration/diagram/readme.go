package diagram

import (
	"fmt"
	"strings"

	"shiming/registration"
)

// Fill puts every diagram between its markers and leaves the rest of the page as it is. It fails if a
// marker is missing: a diagram that is nowhere is no diagram.
func Fill(page string) (string, error) {
	for _, kind := range kinds() {
		begin, end := fmt.Sprintf("<!-- diagram:%s -->\n", kind), fmt.Sprintf("<!-- /diagram:%s -->\n", kind)
		before, rest, found := strings.Cut(page, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return "", fmt.Errorf("diagram: the page lacks %q or, below it, %q", strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		page = before + begin + section(kind) + end + after
	}
	return page, nil
}

// section is what stands between a kind's markers.
func section(kind registration.Kind) string {
	return fmt.Sprintf("```mermaid\n%s```\n\n%s\n\n%s", Mermaid(kind), legend(kind), notDrawn(kind))
}
