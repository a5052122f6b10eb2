package cli

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

type tokenCommands struct {
	New tokenNewCommand `cmd:"" help:"Make a token for API_TOKENS_FILE. It is shown here and never again: the file keeps only its hash."`
}

type tokenNewCommand struct {
	Role string `required:"" enum:"platform,reviewer,ops" help:"What its bearer may do: ${enum}."`
	Name string `required:"" help:"What its bearer is called, on timelines and in logs: up to 64 of A-Za-z0-9._@-, no other line's name."`
	File string `type:"path" placeholder:"FILE" help:"Add the line to this file, made if it is missing, and print the token alone. The API reads the file when it starts."`
	JSON bool   `name:"json" help:"Print token and line as JSON."`
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)

// Validate is kong's.
func (c *tokenNewCommand) Validate() error {
	if !plainName.MatchString(c.Name) {
		return errors.New("--name is 1 to 64 of A-Za-z0-9._@-")
	}
	return nil
}

// Run makes a token. It has 130 random bits, so that its plain hash gives nothing away.
func (c *tokenNewCommand) Run(o *IO) error {
	token := rand.Text()
	sum := sha256.Sum256([]byte(token))
	line := fmt.Sprintf("%s %s %s", c.Name, c.Role, hex.EncodeToString(sum[:]))
	if c.File != "" {
		if err := addLine(c.File, c.Name, line); err != nil {
			return err
		}
	}
	if c.JSON {
		return json.NewEncoder(o.Out).Encode(map[string]string{"token": token, "name": c.Name, "role": c.Role, "line": line})
	}
	if c.File != "" {
		o.hintf("added %s to %s; the API takes it when it starts again. The token, which is not shown again:", c.Name, c.File)
		_, err := fmt.Fprintln(o.Out, token)
		return err
	}
	var p page
	p.list(pair{"token", token}, pair{"line for API_TOKENS_FILE", line})
	p.section("The token is not shown again.")
	return p.to(o.Out)
}

// addLine adds a token's line to a file that has none of that name: with two the API would not start.
func addLine(path, name, line string) error {
	before, err := os.ReadFile(path) //nolint:gosec // G304: the file that the person at the terminal names
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return usage("--file: %v", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(before))
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 && fields[0] == name {
			return fmt.Errorf("%s has a token of the name %s: take its line out first, or choose another name", path, name)
		}
	}
	if len(before) > 0 && !bytes.HasSuffix(before, []byte("\n")) {
		line = "\n" + line
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // G304: the file that the person at the terminal names
	if err != nil {
		return usage("--file: %v", err)
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}
