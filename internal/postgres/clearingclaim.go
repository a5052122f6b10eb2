package postgres

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/jackc/pgx/v5"

	"shiming/internal/chinaid"
	judging "shiming/internal/clearing"
	"shiming/internal/dossier"
	"shiming/internal/wallet"
	"shiming/registration"
)

// ClaimMismatched is what an account's timeline says of a claim to its identity that is not its holder's.
const ClaimMismatched = "clearing_claim_mismatched"

// Asking is who asks for the clearing of an account's identity, and who asks for them.
type Asking struct {
	ClearingID string // asked again with the same claim, it is the same try
	AccountID  string
	Claim      dossier.Claim
	By         string // as the timeline shows it
}

// JudgeClaim judges the conditions for whoever asks for a clearing. They are compared with the bound identity only once every
// other condition is met: until then the answer is the same whoever they are, and nothing is written. [ErrNotFound] says
// that the account has no bound identity.
func (s *Store) JudgeClaim(ctx context.Context, a Asking, facts wallet.Facts) (conditions registration.Conditions, refusal *registration.Refusal, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockAccount(ctx, tx, a.AccountID); err != nil {
			return err
		}
		b, err := boundTo(ctx, tx, a.AccountID)
		if err != nil {
			return err
		}
		asked := judging.Asked{Company: b.Kind == registration.Enterprise, At: s.now(), Locale: b.Locale}
		conditions = judging.Judge(facts, s.cal, asked)
		if !conditions.ButHolder().Eligible() {
			return nil
		}
		var same bool
		if same, refusal, err = s.compare(ctx, tx, a, b); refusal != nil || err != nil {
			return err
		}
		asked.Holder = &same
		conditions = judging.Judge(facts, s.cal, asked)
		return nil
	})
	return conditions, refusal, err
}

// compare says whether a claim is the bound identity's. One that is not counts, for the account and for the number, and is on
// the account's timeline, before anybody is answered; who has had their share is refused, whatever they claim, for a right
// one that passes would tell as much. The account is locked, and the number is here: claims made at once cannot outrun the
// count.
func (s *Store) compare(ctx context.Context, tx pgx.Tx, a Asking, b *bound) (same bool, refusal *registration.Refusal, err error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 6))`, s.numberFingerprint(a.Claim)); err != nil {
		return false, nil, err
	}
	var counted bool
	if err := tx.QueryRow(ctx, `select exists (select from attempts where scope = 'claim' and act_id = $1)`, s.try(a)).Scan(&counted); err != nil {
		return false, nil, err
	}
	if !counted {
		if refusal, err = s.claimsExceeded(ctx, tx, a); refusal != nil || err != nil {
			return false, refusal, err
		}
	}
	if same, err = s.matches(ctx, tx, b, a.Claim); same || counted || err != nil {
		return same, nil, err
	}
	return false, nil, s.countClaim(ctx, tx, a, b)
}

// claimsExceeded refuses an account, or an ID number, that was claimed wrongly too often within a day.
func (s *Store) claimsExceeded(ctx context.Context, q querier, a Asking) (*registration.Refusal, error) {
	const code, most = registration.CodeAccountLimitReached, registration.ClaimMismatches
	refusal, err := s.tooMany(ctx, q, code, most, `scope = 'claim' and account_id = $3`, a.AccountID)
	if refusal != nil || err != nil {
		return refusal, err
	}
	return s.tooMany(ctx, q, code, most, `scope = 'claim' and fingerprint = $3`, s.numberFingerprint(a.Claim))
}

func (s *Store) countClaim(ctx context.Context, tx pgx.Tx, a Asking, b *bound) error {
	at := s.now()
	if _, err := tx.Exec(ctx, `insert into attempts (scope, account_id, fingerprint, act_id, at) values ('claim', $1, $2, $3, $4)`,
		a.AccountID, s.numberFingerprint(a.Claim), s.try(a), at); err != nil {
		return err
	}
	return addTimelineNote(ctx, tx, b.RegistrationID, ClaimMismatched, a.By, nil, at)
}

// ReturnClaim gives a try back whose caller is answered that nothing was done. It stays on the timeline.
func (s *Store) ReturnClaim(ctx context.Context, a Asking) error {
	_, err := s.pool.Exec(ctx, `delete from attempts where scope = 'claim' and act_id = $1`, s.try(a))
	return err
}

func (s *Store) numberFingerprint(claim dossier.Claim) []byte {
	return s.keys.Fingerprint("resident_id", claim.IDNumber)
}

// try names one try: the same clearing asked for with another name or number is another.
func (s *Store) try(a Asking) string {
	return hex.EncodeToString(s.keys.Fingerprint("claim", strings.Join([]string{a.ClearingID, chinaid.FoldName(a.Claim.Holder), a.Claim.IDNumber}, "\n")))
}

// TryContest counts a contested claim, or refuses it to a caller who has made too many within a day: to this number, or in
// all. The answer is the same whether or not the number is bound to an account.
func (s *Store) TryContest(ctx context.Context, caller, clearingID string, claim dossier.Claim) (refusal *registration.Refusal, err error) {
	number := s.numberFingerprint(claim)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 7))`, caller); err != nil {
			return err
		}
		var counted bool
		if err := tx.QueryRow(ctx, `select exists (select from attempts where scope = 'contest' and act_id = $1)`, clearingID).Scan(&counted); counted || err != nil {
			return err
		}
		const code = registration.CodeAccountLimitReached
		if refusal, err = s.tooMany(ctx, tx, code, registration.ContestsANumber, `scope = 'contest' and caller = $3 and fingerprint = $4`, caller, number); refusal != nil || err != nil {
			return err
		}
		if refusal, err = s.tooMany(ctx, tx, code, registration.ContestsACaller, `scope = 'contest' and caller = $3`, caller); refusal != nil || err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into attempts (scope, caller, fingerprint, act_id, at) values ('contest', $1, $2, $3, $4)`, caller, number, clearingID, s.now())
		return err
	})
	return refusal, err
}

// ReturnContest gives a contested claim back that was not opened.
func (s *Store) ReturnContest(ctx context.Context, clearingID string) error {
	_, err := s.pool.Exec(ctx, `delete from attempts where scope = 'contest' and act_id = $1`, clearingID)
	return err
}
