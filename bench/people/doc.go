// Package people drives registrations through the HTTP API as a platform's backend and its reviewers do, each on the shortest way to
// its approval: no status is read that nobody needs, so that what is counted is what a registration costs.
//
// Everybody in it is made up. What an applicant sees outside the product (an SMS, a bank statement) it reads from the sandbox.
package people
