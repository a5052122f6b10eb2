// Package people drives registrations through the HTTP API as a platform's backend and its reviewers do, each on the shortest way to
// its approval: no status is read that nobody needs, so that what is counted is what a registration costs.
//
// It promises that nobody in it exists, and that no two registrations share a person, a company or a card. It refuses to look into the
// product but for the state of a row it waits for; what an applicant sees outside (an SMS, a bank statement) it reads from the sandbox.
package people
