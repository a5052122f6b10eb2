package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
)

// typist types commands at a shell, against a product that runs.
type typist struct {
	t       *testing.T
	api     string
	sandbox string
	tokens  map[string]string
	dir     string
}

// typed is how a command ended.
type typed struct {
	code           int
	stdout, stderr string
}

// as types a command as somebody of a role, with input on stdin.
func (y *typist) as(role, input string, args ...string) typed {
	y.t.Helper()
	cmd := exec.CommandContext(y.t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), starterVariable+"=1", "SHIMING_URL="+y.api, "SHIMING_TOKEN="+y.tokens[role])
	cmd.Stdin = strings.NewReader(input)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		require.ErrorAs(y.t, err, new(*exec.ExitError))
	}
	return typed{code: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: errOut.String()}
}

// does requires that a command is done.
func (y *typist) does(role, input string, args ...string) typed {
	y.t.Helper()
	end := y.as(role, input, args...)
	require.Zero(y.t, end.code, "starter %v: %s%s", args, end.stdout, end.stderr)
	return end
}

// refused requires a refusal by its code.
func (y *typist) refused(code, role, input string, args ...string) typed {
	y.t.Helper()
	end := y.as(role, input, args...)
	require.Equal(y.t, 1, end.code, "starter %v: %s%s", args, end.stdout, end.stderr)
	require.True(y.t, strings.HasPrefix(end.stderr, "refused: "+code+": "), end.stderr)
	return end
}

// json is a command's answer for programs.
func (y *typist) json(role, input string, args ...string) (v map[string]any) {
	y.t.Helper()
	end := y.does(role, input, append(args, "--json")...)
	require.NoError(y.t, json.Unmarshal([]byte(end.stdout), &v), end.stdout)
	return v
}

func (y *typist) stands(id, state string) {
	y.t.Helper()
	require.Equal(y.t, state, y.json("platform", "", "status", id)["state"])
}

// outside asks the sandbox.
func (y *typist) outside(method, path string, body, into any) {
	y.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(y.t, err)
	req, err := http.NewRequestWithContext(y.t.Context(), method, y.sandbox+path, bytes.NewReader(raw))
	require.NoError(y.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(y.t, err)
	said, err := io.ReadAll(resp.Body)
	require.NoError(y.t, err)
	require.NoError(y.t, resp.Body.Close())
	require.Less(y.t, resp.StatusCode, 300, "%s", said)
	if into != nil {
		require.NoError(y.t, json.Unmarshal(said, into))
	}
}

// scan is a file with a picture of its own.
func (y *typist) scan() string {
	y.t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		img.SetGray(i%8, i/8, color.Gray{Y: uint8(rand.IntN(256))})
	}
	path := filepath.Join(y.dir, fmt.Sprintf("scan-%d.png", rand.Int64()))
	f, err := os.Create(path)
	require.NoError(y.t, err)
	require.NoError(y.t, png.Encode(f, img))
	require.NoError(y.t, f.Close())
	return path
}

// fields are an input as JSON.
func fields(t *testing.T, pairs ...any) string {
	t.Helper()
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	return string(raw)
}

// Both flows of the guide (sections 5.1 and 5.2), by nothing but commands.
func TestCommandsDriveRegistrationsToApproval(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ready.json")
	p := run(t, freePorts("dev", "--ephemeral", "--settle-delay", "300ms", "--ready-file", file)...)
	ready := p.ready(file)
	y := &typist{t: t, api: ready["api_url"].(string), sandbox: ready["sandbox_url"].(string), tokens: map[string]string{}, dir: t.TempDir()}
	for role, token := range ready["tokens"].(map[string]any) {
		y.tokens[role] = token.(string)
	}
	require.Equal(t, "ok\n", y.as("nobody", "", "health", y.api+"/readyz").stdout)
	y.refused("unauthorized", "nobody-knows", "", "list", "--token-file", y.wrongToken())
	t.Run("individual", func(t *testing.T) { y.on(t).individual() })
	t.Run("enterprise", func(t *testing.T) { y.on(t).enterprise() })
}

func (y *typist) on(t *testing.T) *typist { other := *y; other.t = t; return &other }

func (y *typist) wrongToken() string {
	y.t.Helper()
	path := filepath.Join(y.dir, "wrong")
	require.NoError(y.t, os.WriteFile(path, []byte("wrong"), 0o600))
	return path
}

func idOf(t *testing.T) string {
	t.Helper()
	id, err := chinaid.NewResidentID("350203", time.Date(1990, 3, 7, 0, 0, 0, 0, time.UTC), rand.IntN(1000))
	require.NoError(t, err)
	return id.Value()
}

func (y *typist) individual() {
	t := y.t
	phone := fmt.Sprintf("138%08d", rand.IntN(100_000_000))
	y.refused("phone_invalid", "platform", fields(t, "registered_email", "p@example.com", "phone", "12"),
		"apply", "--account", "commands-1", "--kind", "individual", "--name", "晨星工作室")
	opened := y.json("platform", fields(t, "registered_email", "p@example.com", "phone", phone),
		"apply", "--account", "commands-1", "--kind", "individual", "--name", "晨星工作室")
	id := opened["id"].(string)
	assert.Contains(t, y.does("platform", "", "status", id).stdout, "\nnext\n  starter card "+id+"\n")

	y.does("platform", fields(t, "card_number", chinaid.NewCard("622202", rand.Uint64()%1e12).Value(), "holder_name", "陈晓明", "id_number", idOf(t),
		"phone", phone, "payment_password", "135790"), "card", id)
	code := y.smsCode(phone)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	assert.Contains(t, y.refused("code_incorrect", "platform", wrong, "code", id).stderr, "(4 attempts left)")
	y.does("platform", code+"\n", "code", id, "--idempotency-key", "code-1")
	y.does("platform", code+"\n", "code", id, "--idempotency-key", "code-1") // the first answer again
	y.stands(id, "details_required")

	assert.Contains(t, y.refused("requirements_missing", "platform", "", "submit", id).stderr, "documents.id_card_front")
	y.does("platform", fields(t, "email", "p@example.com", "phone", phone, "address", "厦门市思明区例示路1号"), "contact", id)
	y.does("platform", "", "document", id, "id_card_front", y.scan())
	y.does("platform", "", "document", id, "id_card_back", y.scan())
	y.does("platform", "", "submit", id)
	assert.Contains(t, y.does("ops", "", "list", "--state", "under_review").stdout, id)
	y.refused("forbidden", "platform", "", "review", "approve", id)
	y.does("reviewer", "", "review", "claim", id)
	assert.Contains(t, y.does("reviewer", "", "review", "show", id).stdout, "claimed by  ")
	y.does("reviewer", "", "review", "document", id, "id_card_front", "--out", filepath.Join(y.dir, "front.png"))
	y.does("reviewer", "", "review", "approve", id)
	y.ends(id, "approved")
	assert.Equal(t, "active", y.json("platform", "", "account", "commands-1")["standing"])
}

// smsCode is the newest code on a phone.
func (y *typist) smsCode(phone string) (code string) {
	y.t.Helper()
	require.Eventually(y.t, func() bool {
		var messages []struct{ Channel, Text string }
		y.outside(http.MethodGet, "/inbox?to="+url.QueryEscape(phone), nil, &messages)
		for _, m := range messages {
			if m.Channel == "sms" && strings.Contains(m.Text, "验证码") {
				code = regexp.MustCompile(`\d{6}`).FindString(m.Text)
				return code != ""
			}
		}
		return false
	}, time.Minute, 50*time.Millisecond)
	return code
}

// ends follows a registration to its end, which has come or is about to.
func (y *typist) ends(id, state string) {
	y.t.Helper()
	lines := strings.Split(strings.TrimSpace(y.does("platform", "", "status", id, "--watch", "--json").stdout), "\n")
	assert.Contains(y.t, lines[len(lines)-1], `"to":"`+state+`"`)
}

func (y *typist) enterprise() {
	t := y.t
	opened := y.json("platform", fields(t, "registered_email", "q@example.com", "phone", "13800138000"),
		"apply", "--account", "commands-2", "--kind", "enterprise", "--name", "例示科技")
	id := opened["id"].(string)
	assert.Contains(t, y.does("platform", "", "admin-session", id, "--role", "legal_representative").stdout, "▀▀▀▀▀▀▀▀")
	session := y.json("platform", "", "admin-session", id, "--role", "legal_representative") // replaces the other
	y.outside(http.MethodPost, "/wallet/sessions/"+session["session_id"].(string)+"/scan",
		map[string]any{"holder_name": "王建国", "id_number": idOf(t), "outcome": "verified"}, nil)
	y.does("platform", "", "status", id, "--watch", "--until", "company_required")

	const bankAccount, uscc = "4100012345678906788", "91350100M000100Y43"
	company := filepath.Join(y.dir, "company.json")
	require.NoError(t, os.WriteFile(company, []byte(fields(
		t, "legal_name", "厦门市例示科技有限公司", "licence_type", "unified", "uscc", uscc, "registration_number", uscc, "organization_code", uscc,
		"legal_representative", "王建国", "address", "厦门市思明区例示路1号", "bank", map[string]any{
			"account_name": "厦门市例示科技有限公司", "account_number": bankAccount, "bank_name": "例示银行厦门分行", "cnaps_code": "102393000012",
		},
	)), 0o600))
	assert.Contains(t, y.does("platform", "", "company", id, "--from", company).stdout, "payout_pending")
	y.does("platform", "", "status", id, "--watch", "--until", "deposit_required")

	var statement []struct{ Amount string }
	y.outside(http.MethodGet, "/bank/ledger?account_number="+bankAccount, nil, &statement)
	require.Len(t, statement, 1)
	wrong := "0.37"
	if statement[0].Amount == wrong {
		wrong = "0.38"
	}
	assert.Contains(t, y.refused("deposit_amount_mismatch", "platform", wrong, "deposit", id).stderr, "(2 attempts left)")
	y.does("platform", statement[0].Amount, "deposit", id)

	y.does("platform", fields(t, "name", "赵敏", "email", "z@example.com", "phone", "13900139000", "address", "厦门市思明区例示路1号"), "contact", id)
	y.does("platform", "", "document", id, "business_licence", y.scan())
	y.does("platform", "", "submit", id)
	y.does("reviewer", "", "review", "reject", id, "--reason", "documents.business_licence:unreadable:印章不清晰,请重新扫描。")
	assert.Contains(t, y.does("platform", "", "status", id).stdout, "starter document "+id+" business_licence FILE")
	y.does("platform", "", "document", id, "business_licence", y.scan())
	y.does("platform", "", "submit", id)
	y.does("reviewer", "", "review", "approve", id)
	y.ends(id, "approved")
	assert.Contains(t, y.does("ops", "", "timeline", id).stdout, "deposit_confirmed")
}
