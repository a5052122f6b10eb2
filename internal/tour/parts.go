package tour

import (
	"context"

	"shiming/registration"
)

// individualByCard proves who they are with a debit card (guide, section 5.1).
func (a *actor) individualByCard(ctx context.Context) {
	a.meet("陈晓明")
	a.open(ctx, "tour-", registration.Individual, "晨星工作室")
	a.bindCard(ctx)
	a.enterCardCode(ctx)
	a.giveContact(ctx)
	a.upload(ctx, registration.IDCardFront)
	a.upload(ctx, registration.IDCardBack)
	a.submit(ctx)
	a.approve(ctx)
}

// individualByWallet is somebody whom the wallet has verified already: no step to prove it.
func (a *actor) individualByWallet(ctx context.Context) {
	a.meet("林静")
	a.open(ctx, "verified-", registration.Individual, "静水独立游戏")
	a.giveContact(ctx)
	a.upload(ctx, registration.IDCardFront)
	a.upload(ctx, registration.IDCardBack)
	a.submit(ctx)
	a.approve(ctx)
}

// enterpriseByRepresentative mistypes the amount once (guide, section 5.2).
func (a *actor) enterpriseByRepresentative(ctx context.Context) {
	a.meet("王建国")
	firm := newCompany("厦门市例示科技有限公司", "91350100M000100Y43", a.person.name)
	a.open(ctx, "tour-", registration.Enterprise, "例示科技")
	a.scanQR(ctx, registration.LegalRepresentative)
	a.giveCompany(ctx, firm)
	a.awaitMoney(ctx)
	a.enterWrongAmount(ctx, firm)
	a.enterAmount(ctx, firm)
	a.giveContact(ctx)
	a.upload(ctx, registration.BusinessLicence)
	a.submit(ctx)
	a.approve(ctx)
}

// enterpriseByAgent is sent back once, with reasons, and corrects (guide, section 6, questions 4 and 6).
func (a *actor) enterpriseByAgent(ctx context.Context) {
	a.meet("赵敏")
	firm := newCompany("深圳市样本网络有限公司", "9144030071526726XG", "黄志强")
	a.open(ctx, "tour-", registration.Enterprise, "样本网络")
	a.scanQR(ctx, registration.AuthorizedAgent)
	a.giveCompany(ctx, firm)
	a.awaitMoney(ctx)
	a.enterAmount(ctx, firm)
	a.giveContact(ctx)
	a.upload(ctx, registration.BusinessLicence)
	a.upload(ctx, registration.AuthorizationLetter)
	a.submit(ctx)
	a.sendBack(ctx, registration.BusinessLicence)
	a.upload(ctx, registration.BusinessLicence)
	a.submit(ctx)
	a.approve(ctx)
}
