package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

type healthCommand struct {
	Address string        `arg:"" name:"url" help:"What to ask, such as http://127.0.0.1:8080/readyz."`
	Timeout time.Duration `default:"3s" placeholder:"DURATION" help:"How long it may take to answer (${default})."`
}

// Validate is kong's.
func (c *healthCommand) Validate() error {
	if c.Timeout <= 0 {
		return errors.New("--timeout must be above 0, such as 3s")
	}
	return nil
}

// shortAnswer is how much of an unwell service's answer is shown, in bytes.
const shortAnswer = 400

// Run asks once: whoever checks health asks again.
func (c *healthCommand) Run(ctx context.Context, o *IO) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address, nil)
	if err != nil || req.URL.Host == "" {
		return usage("the address is none, such as http://127.0.0.1:8080/readyz")
	}
	asking := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // by no proxy: it asks this one service
	resp, err := asking.Do(req)
	if err != nil {
		return fmt.Errorf("not well: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	said, err := io.ReadAll(io.LimitReader(resp.Body, shortAnswer))
	if err != nil {
		return fmt.Errorf("not well: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("not well: %s %s", resp.Status, clean(strings.TrimSpace(string(said))))
	}
	_, err = fmt.Fprintln(o.Out, "ok")
	return err
}
