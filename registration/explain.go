package registration

// Explain puts a code into words for the applicant, in the registration's language.
func Explain(code Code, locale Locale) string {
	w, known := words[code]
	switch {
	case !known:
		return string(code)
	case locale == English:
		return w.en
	}
	return w.zh
}

var words = map[Code]struct{ zh, en string }{
	"identity_missing":          {"请完成实名认证。", "Verify the identity."},
	"company_missing":           {"请填写企业信息。", "Hand in the company information."},
	"company_unproven":          {"请完成对公打款验证。", "Confirm the penny payment to the company's account."},
	"contact_missing":           {"请填写联系人信息。", "Hand in the contact information."},
	"document_missing":          {"请上传该文件。", "Upload this document."},
	"correction_asked":          {"请按审核意见更正。", "Correct this as the reviewer asks."},
	"condition_unmet":           {"该条件未满足。", "This condition is not met."},
	CodeIdentityInUse:           {"该身份信息已被其他账号绑定。", "This identity is bound to another account."},
	CodeOrganizationInUse:       {"该企业已被其他账号绑定。", "This organisation is bound to another account."},
	CodeAdminNotVerified:        {"扫码认证未通过，请重新扫码。", "The QR verification failed; scan again."},
	CodePaymentFailed:           {"打款失败，请更正银行账户信息。", "The payment failed; correct the bank account."},
	CodeWindowClosed:            {"确认期限已过，请申请重新打款或更换对公账户。", "The time to confirm has passed; ask for a new payment, or name another account."},
	CodeDepositExceeded:         {"金额连续填写错误，请申请重新打款或更换对公账户。", "Too many wrong amounts; ask for a new payment, or name another account."},
	CodeDepositMismatch:         {"填写的金额不正确。", "The amount is not the one paid."},
	CodeCardNotDebit:            {"请使用借记卡。", "Use a debit card."},
	CodeCardIsCorporate:         {"不支持对公账户，请使用个人借记卡。", "Corporate accounts are not taken; use a personal debit card."},
	CodeCardUnusable:            {"该卡已挂失或冻结，请换一张卡。", "The card is lost or frozen; use another."},
	CodeCardElementsMismatch:    {"银行卡信息不一致，请核对。", "The details are not the ones the bank has on file."},
	CodeCodeIncorrect:           {"验证码不正确。", "The code is not the one sent."},
	CodeCodeExpired:             {"验证码已过期，请重新获取。", "The code has expired; ask for a new one."},
	CodeCodeAttemptsExceeded:    {"验证码错误次数过多，请重新认证。", "Too many wrong codes; start the identity step again."},
	CodeCardAttemptsExceeded:    {"尝试次数过多，请稍后再试。", "Too many tries; wait before the next."},
	CodeAdminMustBeAgent:        {"管理员与法定代表人不一致，请选择授权代理人。", "The administrator is not the legal representative; choose authorised agent."},
	CodeLicenceNumbers:          {"注册号和组织机构代码处请填写统一社会信用代码。", "Enter the unified social credit code as registration number and organisation code."},
	CodeBankAccountNameMismatch: {"开户名称与企业名称不一致。", "The bank account is not in the company's name."},
	CodePayoutLimitReached:      {"该银行账户的打款次数已达上限。", "This bank account has had its share of payments."},
	CodeContactNameMismatch:     {"联系人须为已认证的本人。", "The contact must be the verified person."},
	CodeNothingToClear:          {"该账号的实名信息已被清除。", "The account's identity has been cleared already."},
	CodeActsExceeded:            {"操作次数过多，请稍后再试。", "Too many attempts; try again later."},
	CodeAccountLimitReached:     {"次数已达上限，请稍后再试。", "Too many tries for now; wait before the next."},
	CodeHeldAfterRestore:        {"系统正在恢复数据，暂不受理新的申请和打款，请稍后再试。", "The service is being repaired after a restore; nothing is opened or paid at the moment. Try again later."},
	CodeSpendingPaused:          {"打款暂停，请稍后再试。", "No payments are made at the moment; try again later."},
	CodeCodeResendTooSoon:       {"验证码发送过于频繁，请稍后再试。", "A code was sent less than a minute ago; wait a little."},
	CodeWrongState:              {"当前状态不允许此操作。", "The registration is past this step; read its state."},
	CodeSecondReviewer:          {"须由另一位审核员处理。", "Another reviewer must decide this."},
	CodeSubmittedLocked:         {"已提交的内容不能修改。", "What was submitted cannot be changed."},
	CodeRequirementsMissing:     {"还有未填写的内容。", "Something is still missing; see the requirements."},
	CodeProviderUnavailable:     {"服务暂不可用，请稍后再试。", "The provider is busy; try again later."},
	"account_not_found":         {"银行账户不存在。", "The bank knows no such account."},
	"account_name_mismatch":     {"账户名称不符。", "The account is in another name."},
	"bank_not_found":            {"开户行信息有误。", "The bank or its CNAPS code is wrong."},
	"account_closed":            {"银行账户已销户。", "The account is closed."},
	"other":                     {"银行未能入账。", "The bank could not credit the account."},
}
