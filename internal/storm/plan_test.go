package storm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// plan is everything that is decided before the storm begins.
type plan struct {
	Seed       uint64
	Kills      map[string][]kill // by process; each has its turn when the one before has come up again
	Servers    []kill            // of PostgreSQL and the engine, one after another
	Faults     []fault
	Applicants []applicant
}

// kill is one SIGKILL.
type kill struct {
	Of   string
	At   point
	Skip int           // how often the point is passed before
	Wait time.Duration // before the trap is set, or the kill
	Away time.Duration // of a server: until it is started again
}

// fault is one provider being broken.
type fault struct {
	Target, Mode string
	Rate         float64
	Wait, For    time.Duration
}

const (
	processes     = 4
	killsOfServer = 22 // processes are killed that often for one kill of a server
)

// The processes.
const (
	worker1, worker2 = "worker-1", "worker-2"
	api1, api2       = "api-1", "api-2"
)

// odds is a point and how often it is chosen.
type odds struct {
	at     point
	weight int
}

var workerOdds = []odds{
	{anywhere, 22},
	{beforeCommit, 6},
	{afterCommit, 8},
	{beforeStepCommit, 6},
	{afterStepCommit, 12},
	{beforeReport, 6},
	{beforeStepReport, 14},
	{afterReport, 6},
	{beforeHandOver, 5},
	{afterHandOver, 6},
	{beforeTransfer, 4},
	{afterTransfer, 6},
	{beforeMessage, 3},
	{afterMessage, 5},
	{afterWallet, 3},
}

var apiOdds = []odds{{anywhere, 30}, {beforeCommit, 16}, {afterCommit, 20}, {beforeAct, 14}, {afterAct, 20}}

// skips is how often a point may be passed before; those that are left out are rare enough.
var skips = map[point]int{beforeCommit: 6, afterCommit: 6, beforeReport: 4, afterReport: 4, beforeStepCommit: 2, afterStepCommit: 2, beforeStepReport: 2}

// newPlan decides everything. Kills, faults and applicants come from streams of their own, so that more of one changes
// nothing about the others.
func newPlan(seed uint64, kills, registrations int) plan {
	p := plan{Seed: seed, Kills: map[string][]kill{}}
	r := rand.New(rand.NewPCG(seed, 1))
	ofServers := max(4, kills/killsOfServer)
	ofAPIs := kills / 4
	ofWorkers := max(0, kills-ofAPIs-ofServers)
	for i, name := range []string{worker1, worker2, api1, api2} {
		all, of := ofWorkers, workerOdds
		if i >= 2 {
			all, of = ofAPIs, apiOdds
		}
		p.Kills[name] = killsOf(r, name, (all+i%2)/2, of)
	}
	for i := range ofServers {
		of := []string{postgresName, engineName}[i%2]
		p.Servers = append(p.Servers, kill{Of: of, At: anywhere, Away: time.Duration(r.IntN(2500)) * time.Millisecond})
	}
	p.Faults = faults(rand.New(rand.NewPCG(seed, 2)), kills)
	p.Applicants = applicants(rand.New(rand.NewPCG(seed, 3)), registrations)
	return p
}

// killsOf are the kills of one process: every point once, if there are enough, then by their odds.
func killsOf(r *rand.Rand, of string, n int, by []odds) []kill {
	var bag, chosen []point
	for _, o := range by {
		chosen = append(chosen, o.at)
		bag = append(bag, slices.Repeat([]point{o.at}, o.weight)...)
	}
	for len(chosen) < n {
		chosen = append(chosen, bag[r.IntN(len(bag))])
	}
	r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	all := make([]kill, 0, n)
	for _, at := range chosen[:n] {
		k := kill{Of: of, At: at, Skip: r.IntN(1 + skips[at]), Wait: time.Duration(r.IntN(1200)) * time.Millisecond}
		if at == anywhere {
			k.Wait = time.Duration(r.IntN(3000)) * time.Millisecond
		}
		all = append(all, k)
	}
	return all
}

// faults are more than can be needed: they end with the storm.
func faults(r *rand.Rand, n int) (all []fault) {
	modes := map[string][]string{
		"bank": {"down", "slow", "timeout", "error_rate"}, "wallet": {"down", "slow", "error_rate"},
		"sms": {"down", "slow", "timeout", "error_rate"}, "email": {"down", "slow", "timeout", "error_rate"},
	}
	targets := []string{"bank", "wallet", "sms", "email"}
	for range n {
		f := fault{Target: targets[r.IntN(len(targets))], Rate: 0.4, Wait: time.Duration(2000+r.IntN(5000)) * time.Millisecond}
		f.Mode = modes[f.Target][r.IntN(len(modes[f.Target]))]
		f.For = time.Duration(2000+r.IntN(4000)) * time.Millisecond
		all = append(all, f)
	}
	return all
}

// applicant is one account and what its people will do. What does not come up is not done.
type applicant struct {
	N         int
	Kind      registration.Kind
	Starts    int      // in thousandths of the storm
	Cards     []string // prefixes, one a try, the last again
	Wrong     int      // codes of an individual's, amounts of a company's
	Role      registration.Role
	Endings   []string // of the bank account, one each time company information is handed in
	Early     bool     // enters the amount as soon as the payment is sent
	Corrects  string   // what a reviewer names in the first round
	Approve   bool
	Withdraws registration.State // in which state; None: never
	Rests     registration.State // in which nothing is done any more until the storm is over
	Clears    string             // what becomes of a clearing after the approval; "": none
}

// applicants are half companies, half people; the mix is fixed, who does what when is drawn.
func applicants(r *rand.Rand, n int) []applicant {
	all := make([]applicant, n)
	for i := range all {
		a := applicant{N: i, Kind: registration.Individual, Starts: r.IntN(700), Approve: r.IntN(6) > 0, Wrong: []int{0, 0, 0, 1, 2}[r.IntN(5)]}
		a.Corrects = []string{"", "", "", "documents", "identity"}[r.IntN(5)]
		if i%2 == 1 {
			a.company(r)
		} else {
			a.person(r)
		}
		if r.IntN(8) == 0 {
			a.Withdraws = a.somewhere(r)
		}
		if r.IntN(3) == 0 {
			a.Rests = a.somewhere(r)
		}
		all[i] = a
	}
	return all
}

func (a *applicant) person(r *rand.Rand) {
	a.Cards = [][]string{{"622202"}, {"622202"}, {"622203", "622202"}, {"622206"}, {"622204", "622202"}}[r.IntN(5)]
	if a.N%6 == 0 { // cleared early in the storm, or there is no time for it
		a.Starts, a.Approve, a.Corrects, a.Wrong, a.Cards = r.IntN(200), true, "", 0, []string{"622202"}
		a.Clears = []string{"cleared", "cleared", "rejected", "withdrawn"}[r.IntN(4)]
	}
}

func (a *applicant) company(r *rand.Rand) {
	a.Kind = registration.Enterprise
	a.Role = []registration.Role{registration.LegalRepresentative, registration.AuthorizedAgent}[r.IntN(2)]
	a.Endings = [][]string{{""}, {""}, {""}, {"0002"}, {"0003"}, {"0004"}, {"0005"}, {"0000", ""}, {"0001", ""}}[r.IntN(9)]
	a.Early = a.Endings[0] == "0004" || r.IntN(5) == 0
	a.Wrong = []int{0, 0, 1, 1, 2, 3}[r.IntN(6)]
	if r.IntN(4) == 0 {
		a.Corrects = "bank"
		a.Endings = append(a.Endings, "")
	}
}

// somewhere is a state that this applicant may pass.
func (a *applicant) somewhere(r *rand.Rand) registration.State {
	states := []registration.State{registration.IdentityRequired, registration.CardCodeRequired, registration.DetailsRequired, registration.UnderReview}
	if a.Kind == registration.Enterprise {
		states = []registration.State{
			registration.AdminIdentityRequired, registration.CompanyRequired, registration.PayoutPending, registration.PayoutPending,
			registration.DepositRequired, registration.DetailsRequired, registration.UnderReview,
		}
	}
	return states[r.IntN(len(states))]
}

func TestThePlanIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	one := newPlan(7, 210, 124)
	again := newPlan(7, 210, 124)
	assert.Equal(t, one, again)
	assert.NotEqual(t, one, newPlan(8, 210, 124))
	assert.Equal(t, one.Applicants, newPlan(7, 400, 124).Applicants, "more kills, the same applicants")
}

func TestThePlanHasWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		p := newPlan(seed, 210, 124)
		require.Len(t, p.Kills, processes)
		n, met := len(p.Servers), map[point]bool{}
		for _, of := range p.Kills {
			n += len(of)
			for _, k := range of {
				met[k.At] = true
			}
		}
		assert.Equal(t, 210, n)
		for _, o := range slices.Concat(workerOdds, apiOdds) {
			assert.True(t, met[o.at], "%s of seed %d", o.at, seed)
		}
		require.Len(t, p.Applicants, 124)
		assert.NotEmpty(t, fmt.Sprint(p.Faults))
	}
}
