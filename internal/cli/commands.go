package cli

// Commands are the commands for people, to be embedded into a program's.
type Commands struct {
	Apply        applyCommand        `cmd:"" group:"Applicants (role platform):" help:"Start a registration."`
	Card         cardCommand         `cmd:"" group:"Applicants (role platform):" help:"Individual: verify the contact by a personal debit card. The bank then sends an SMS code."`
	Code         codeCommand         `cmd:"" group:"Applicants (role platform):" help:"Individual: enter the bank's SMS code, or have it sent again."`
	AdminSession adminSessionCommand `cmd:"" group:"Applicants (role platform):" help:"Enterprise: show the QR code that the administrator scans with a phone."`
	Company      companyCommand      `cmd:"" group:"Applicants (role platform):" help:"Enterprise: hand in company information. A penny payment to its bank account follows."`
	Deposit      depositCommand      `cmd:"" group:"Applicants (role platform):" help:"Enterprise: enter the amount received."`
	Payout       payoutCommands      `cmd:"" group:"Applicants (role platform):" help:"Enterprise: ask for a new payment; for ops: help one that is stuck."`
	Name         nameCommand         `cmd:"" group:"Applicants (role platform):" help:"Change the developer name."`
	Contact      contactCommand      `cmd:"" group:"Applicants (role platform):" help:"Hand in whom to reach."`
	Document     documentCommand     `cmd:"" group:"Applicants (role platform):" help:"Upload a document."`
	Submit       submitCommand       `cmd:"" group:"Applicants (role platform):" help:"Submit for review."`
	Withdraw     withdrawCommand     `cmd:"" group:"Applicants (role platform):" help:"Withdraw the registration."`

	Status   statusCommand   `cmd:"" group:"Looking (any role):" help:"Show where a registration stands and what comes next; --watch: follow it to its end."`
	List     listCommand     `cmd:"" group:"Looking (any role):" help:"List registrations, newest first."`
	Timeline timelineCommand `cmd:"" group:"Looking (any role):" help:"Show everything that happened to a registration."`
	Account  accountCommand  `cmd:"" group:"Looking (any role):" help:"Show how a platform account stands as a developer."`

	Review    reviewCommands   `cmd:"" group:"Reviewers:" help:"Look at what was submitted, and decide."`
	Clearing  clearingCommands `cmd:"" group:"Clearing an identity:" help:"Clear the identity of an account, or claim one's own back."`
	Findings  findingsCommands `cmd:"" group:"Ops:" help:"See what does not mend itself, and resolve it."`
	Reconcile reconcileCommand `cmd:"" group:"Ops:" help:"Hold a day's bank statement against the payments: exit code 1 if they differ."`
	Notice    noticeCommands   `cmd:"" group:"Ops:" help:"See what became of SMS and e-mails, and help those that failed."`
	Payments  paymentsCommands `cmd:"" group:"Ops:" help:"See every payment, add them up, and ask the bank about one."`
	Payouts   payoutsCommands  `cmd:"" group:"Ops:" help:"Pause payments and resume them, and see what was spent today."`
	Webhook   webhookCommands  `cmd:"" group:"Webhooks (role platform):" help:"Subscribe to events, and see what became of each delivery."`

	Token      tokenCommands     `cmd:"" group:"Set-up:" help:"Make the static tokens of a small set-up."`
	Health     healthCommand     `cmd:"" group:"Set-up:" help:"Ask an address whether all is well: exit code 0 if it answers 2xx, else 1. For container health checks, which have no shell."`
	Completion completionCommand `cmd:"" group:"Set-up:" help:"Write the script by which a shell completes these commands."`
	Complete   completeCommand   `cmd:"" name:"__complete" hidden:"" passthrough:""`
}
