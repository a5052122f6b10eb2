package api

import "maps"

// aboutSchemas says what each schema of the document is.
func aboutSchemas() map[string]string {
	all := aboutRegistrations()
	maps.Copy(all, aboutMessages())
	return all
}

// aboutRegistrations are those of what happens to registrations and clearings.
func aboutRegistrations() map[string]string {
	return map[string]string{
		"Account":              "How a platform account stands as a developer.",
		"AdminSession":         "A QR session in which an enterprise's administrator is verified with a phone. It ends after 5 minutes.",
		"AssignReviewBody":     "Who is to decide a review.",
		"Bank":                 "A corporate bank account, its number masked.",
		"BankReportBody":       "What the bank reports of a transfer.",
		"AssignFindingBody":    "Who takes care of a finding.",
		"Clearing":             "The clearing of an identity as it stands, personal data masked. Parts that do not exist yet are null.",
		"ClearingClaim":        "Who asks for an identity to be cleared without naming an account, and why.",
		"ClearingReview":       "What a reviewer is shown of a clearing beside its materials, masked.",
		"Company":              "Company information, masked where it concerns a person or an account.",
		"CompanyBankForm":      "The corporate bank account that the penny payment goes to.",
		"CompanyForm":          "Company information. It must be whole, but in correction_required, where what is left out is kept.",
		"Condition":            "One condition for clearing an identity, with what was found.",
		"ConfirmCodeBody":      "The code that the bank has sent to the card holder's phone.",
		"Contact":              "Whom to reach about the registration, masked.",
		"DecideReviewBody":     "A reviewer's decision. A rejection needs at least one reason, an approval takes none.",
		"DecisionReason":       "One thing a reviewer asks to be corrected, in the decision.",
		"Document":             "An uploaded file, without its content.",
		"DocumentReceipt":      "What was received of an uploaded file.",
		"EnterDepositBody":     "The amount that the company's account has received.",
		"FieldError":           "What is wrong with one field.",
		"Finding":              "Something that is not as it should be and does not mend itself, with what to do about it.",
		"FindingPage":          "A page of findings.",
		"GrantPayoutBody":      "Why ops allow one more payment to a bank account.",
		"HandInCardBody":       "A personal debit card with its holder's details, and the wallet's payment password, which is kept nowhere.",
		"Health":               "Whether the process, or what it needs, is well.",
		"Identity":             "The verified person, masked.",
		"LastError":            "A refusal that came after the act had been answered.",
		"Objection":            "That an objection was taken.",
		"ObjectionBody":        "The single-use token of the notice's link.",
		"OpenAdminSessionBody": "How the administrator stands to the company.",
		"OpenClearingBody":     "Who asks for an account's identity to be cleared, and why.",
		"OpenRegistrationBody": "Who registers, and where notices go.",
		"Payment":              "A penny payment with its times and all that ops has said of it. Its amount is shown to nobody.",
		"PaymentDay":           "What was paid and came back on a day.",
		"PaymentGrant":         "One more payment that ops has allowed a bank account, with the reason and the person.",
		"PaymentPage":          "A page of payments.",
		"PaymentResolution":    "What ops has said of a payment in the bank's place, with the reason and the person.",
		"PaymentSum":           "Payments added up: how many, and the sum of those whose amount is no secret any more.",
		"PaymentTotals":        "What was paid and came back, day by day.",
		"PaymentTrace":         "What the bank says of a payment now, by its key.",
		"Payout":               "The penny payment that proves a company's bank account. Its amount is shown to nobody.",
		"PayoutPause":          "Whether payments are paused, by whom and why, and what was spent today of the day's ceilings.",
		"Preflight":            "Whether an account's identity could be cleared now, condition by condition.",
		"Problem":              "A refusal (RFC 9457). `code` says what to do; the other members come where they apply.",
		"Progress":             "One transition of a registration, as the data of a server-sent event.",
		"Reason":               "One thing to be corrected after a rejection.",
		"Registration":         "A registration as it stands, personal data masked for every caller. Parts that do not exist yet are null.",
		"RegistrationPage":     "A page of registrations.",
		"Repair":               "What was found of a run, and done about it.",
		"RepairReason":         "Why somebody has a run repaired.",
		"ReportReceipt":        "Whether a report was somebody's.",
		"Requirement":          "Something still to be handed in or corrected.",
		"Reconciliation":       "A day's bank statement, held against the payments.",
		"ReconciliationDay":    "A day's bank statement, held against the payments, with what was found.",
		"ReconciliationPage":   "A page of days.",
		"ResolveFindingBody":   "What was done about a finding.",
		"ResolvePayoutBody":    "What has become of a payment by ops' word, and why they say so.",
		"Review":               "A submitted round of a registration or a clearing, masked, with what has changed since the one before.",
		"ReviewItem":           "A review in the list.",
		"ReviewPage":           "A page of reviews.",
		"ReviewRound":          "One review round of a registration.",
		"SetContactBody":       "Whom to reach. It must be whole, but in correction_required, where what is left out is kept.",
		"SetNameBody":          "The name shown on the apps.",
		"Spent":                "How much of a day's ceiling is used.",
		"Submitted":            "What was handed in with a round, masked. Of a clearing only the documents.",
		"SwitchPayoutsBody":    "Why payments are paused, or resumed.",
		"Timeline":             "Everything that happened to a registration or a clearing, oldest first.",
		"TimelineEntry":        "One line of the timeline.",
		"WalletReportBody":     "What the wallet reports of a QR session. A verified one names its person.",
	}
}

// aboutMessages are those of what is told: to subscribers, and to people.
func aboutMessages() map[string]string {
	return map[string]string{
		"AddEndpointBody": "Where events are to be posted, and which.",
		"DeliveryPage":    "A page of deliveries.",
		"EndpointPage":    "A page of subscriptions.",
		"Event":           "What is posted to a subscriber when something has happened.",
		"EventData":       "Whom an event is about, and from which state to which.",
		"WebhookAttempt":  "One try to deliver an event.",
		"WebhookDelivery": "One event on its way to one endpoint, with the log of its attempts.",
		"WebhookEndpoint": "A subscription: where a caller wants events posted.",
		"Notice":          "An SMS or e-mail: what became of it, and not its address.",
		"NoticePage":      "A page of notices.",
		"NoticeWordBody":  "Why ops has a notice sent again, or says that it came.",
	}
}
