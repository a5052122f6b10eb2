package e2e

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScanFailsAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "enterprise", newAccount("corp-"))
	session := r.post("/admin-session", map[string]any{"role": "legal_representative"}).ok(200).Body["session_id"].(string)
	r.scan(session, "failed").ok(200)
	r.untilThat("last_error", func(a answer) bool { return a.at("last_error") != nil }).inState("admin_identity_required")
	r.scan(session, "verified").ok(200)
	r.until("company_required")
}

// Nobody scanned in time: the wallet says so, and a new session is opened.
func TestExpiredSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "enterprise", newAccount("corp-"))
	a := r.post("/admin-session", map[string]any{"role": "legal_representative"}).ok(200)
	session := a.at("session_id").(string)
	r.sessionExpires(session)
	w.walletSays(t, map[string]any{"type": "session.failed", "session_id": session}).ok(200)
	failed := r.untilThat("last_error", func(a answer) bool { return a.at("last_error") != nil }).inState("admin_identity_required")
	require.Equal(t, "admin_not_verified", failed.at("last_error", "code"))

	r.verifyAdmin("legal_representative")
	r.until("company_required")
	require.Nil(t, r.get().at("last_error"))
	w.walletSays(t, map[string]any{"type": "session.failed", "session_id": session}).ok(200) // late, and of the old one
	require.Nil(t, r.get().inState("company_required").at("last_error"))
}

// Whether a scan came in time is the wallet's to say: it was there, and a report may be late.
func TestScanInTimeReportedLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "enterprise", newAccount("corp-"))
	session := r.post("/admin-session", map[string]any{"role": "authorized_agent"}).ok(200).at("session_id").(string)
	r.sessionExpires(session)
	w.walletSays(t, map[string]any{"type": "session.verified", "session_id": session, "holder_name": r.who.Name, "id_number": r.who.IDNumber}).ok(200)
	require.Equal(t, "authorized_agent", r.until("company_required").at("identity", "role"))
}

// sessionExpires makes a session five minutes older.
func (r *reg) sessionExpires(session string) {
	r.t.Helper()
	tag, err := r.store.Pool().Exec(r.t.Context(), `update admin_sessions set expires_at = expires_at - interval '5 minutes',
		created_at = created_at - interval '5 minutes' where session_id = $1`, session)
	require.NoError(r.t, err)
	require.EqualValues(r.t, 1, tag.RowsAffected())
}

// A scan of a session that was replaced changes nothing.
func TestReplacedSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "enterprise", newAccount("corp-"))
	old := r.post("/admin-session", map[string]any{"role": "legal_representative"}).ok(200).Body["session_id"].(string)
	fresh := r.post("/admin-session", map[string]any{"role": "authorized_agent"}).ok(200).Body["session_id"].(string)
	require.NotEqual(t, old, fresh)
	r.scan(old, "verified")
	r.scan(fresh, "verified").ok(200)
	done := r.until("company_required")
	require.Equal(t, "authorized_agent", done.at("identity", "role"))
	r.scan(fresh, "verified") // scanned twice
	r.until("company_required")
}

// The scanned person is bound elsewhere: back to the step that proves one, and why.
func TestScannedPersonInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken := w.individual(t)
	r := w.open(t, "enterprise", newAccount("corp-"))
	other := r.who
	r.who.Name, r.who.IDNumber = taken.who.Name, taken.who.IDNumber
	r.verifyAdmin("legal_representative")
	a := r.untilThat("last_error", func(a answer) bool { return a.at("last_error") != nil }).inState("admin_identity_required")
	require.Equal(t, "identity_in_use", a.at("last_error", "code"))
	r.who = other
	r.verifyAdmin("legal_representative")
	r.until("company_required")
}

// Guide section 6, question 4.
func TestAdministratorIsNotTheLegalRepresentative(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, "欧阳法人", "6789")
	r.put("/company", r.company).refused(422, "admin_must_be_authorized_agent")
	r.verifyAdmin("authorized_agent")
	r.untilThat("role", func(a answer) bool {
		return a.Body["state"] == "company_required" && a.at("identity", "role") == "authorized_agent"
	})
	r.put("/company", r.company).inState("payout_pending")
}

// Guide section 6, question 5, and the papers before it.
func TestLicences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	good := someCompany(t, r.who.Name, "6789")
	r.put("/company", good.with("registration_number", "350200100001234")).refused(422, "licence_numbers_must_be_uscc")
	r.put("/company", good.with("bank.account_name", "别家公司")).refused(422, "bank_account_name_mismatch")
	code := good["uscc"].(string)
	last := "0"
	if code[17] == '0' {
		last = "1"
	}
	bad := good.with("uscc", code[:17]+last)
	bad["registration_number"], bad["organization_code"] = bad["uscc"], bad["uscc"]
	r.put("/company", bad).refused(422, "uscc_invalid")

	legacy := company{}
	maps.Copy(legacy, good)
	delete(legacy, "uscc")
	legacy["licence_type"], legacy["registration_number"], legacy["organization_code"] = "legacy", "350200100001234", code[8:17]
	r.company = legacy
	r.put("/company", legacy).inState("payout_pending")
	r.until("deposit_required")
	r.deposit(r.amount()).inState("details_required")

	// Old and new papers of one company are one identity.
	second := w.enterprise(t, "legal_representative")
	second.put("/company", good.with("legal_representative", second.who.Name)).refused(409, "organization_in_use")
}
