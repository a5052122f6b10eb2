package api

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// staticTokens are the callers of a tokens file.
type staticTokens []staticToken

type staticToken struct {
	sum [sha256.Size]byte
	who caller
}

// readTokens reads a file of lines `name role sha256-of-token`; empty lines and those that begin with # are skipped. One name
// is one caller with one role. Its errors name the line and never show what is in it.
func readTokens(path string) (staticTokens, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("api: API_TOKENS_FILE: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	var tokens staticTokens
	names := map[string]bool{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, err := parseToken(line)
		if err == nil && names[t.who.name] {
			err = fmt.Errorf("the name was used before")
		}
		if err != nil {
			return nil, fmt.Errorf("api: API_TOKENS_FILE, line %d: %w", n, err)
		}
		names[t.who.name] = true
		tokens = append(tokens, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("api: API_TOKENS_FILE: %w", err)
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("api: API_TOKENS_FILE holds no token")
	}
	return tokens, nil
}

func parseToken(line string) (staticToken, error) {
	var t staticToken
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return t, fmt.Errorf("want `name role sha256-of-token`")
	}
	if strings.Contains(fields[0], issuerMark) {
		return t, fmt.Errorf("a name must not contain %s, which is for the subjects of an OIDC issuer", issuerMark)
	}
	if !knownRole(role(fields[1])) {
		return t, fmt.Errorf("the role must be platform, reviewer or ops")
	}
	sum, err := hex.DecodeString(fields[2])
	if err != nil || len(sum) != sha256.Size {
		return t, fmt.Errorf("the third field must be a SHA-256 in hexadecimal, 64 characters")
	}
	copy(t.sum[:], sum)
	t.who = caller{id: "token:" + fields[0], name: fields[0], roles: []role{role(fields[1])}}
	return t, nil
}

// find looks at every token, whichever it is, so that the time it takes tells nothing.
func (ts staticTokens) find(token string) (caller, bool) {
	sum := sha256.Sum256([]byte(token))
	var who caller
	found := 0
	for _, t := range ts {
		if same := subtle.ConstantTimeCompare(sum[:], t.sum[:]); same == 1 {
			who, found = t.who, same
		}
	}
	return who, found == 1
}
