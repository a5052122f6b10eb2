package clearing

import (
	"fmt"
	"strings"
	"time"
)

type chinese struct{}

func (chinese) day(t time.Time) string    { return local(t).Format("2006年1月2日") }
func (chinese) moment(t time.Time) string { return local(t).Format("2006年1月2日 15:04") }

func (chinese) holderUnknown() string {
	return "提出申请且其他条件均满足后，再核对姓名和身份证号。"
}
func (chinese) holderReviewed() string { return "由审核人员根据材料认定。" }
func (chinese) holderMatches() string  { return "姓名和身份证号与已认证的身份一致。" }

func (chinese) holderDiffers() string {
	return "姓名或身份证号与已认证的身份不一致，只接受身份证持有人本人的申请。"
}

func (chinese) letterNeeded() string {
	return "姓名或身份证号与已认证的身份不一致，企业的被授权人申请须提交授权书。"
}
func (chinese) neverFrozen() string { return "支付账户未被冻结过。" }
func (chinese) frozenNow() string {
	return "支付账户处于冻结状态，请先解冻；最近一次冻结满半年后才能清除。"
}

func (c chinese) frozenLongAgo(last time.Time) string {
	return fmt.Sprintf("最近一次冻结于%s，已满半年。", c.day(last))
}

func (c chinese) frozenLately(last, until time.Time) string {
	return fmt.Sprintf("最近一次冻结于%s，须满半年，即%s之后。", c.day(last), c.moment(until))
}
func (chinese) notActivated() string { return "支付账户未激活，请先激活。" }
func (c chinese) oldEnough(opened time.Time) string {
	return fmt.Sprintf("支付账户注册于%s，已超过30天并已激活。", c.day(opened))
}

func (c chinese) tooYoung(opened, until time.Time) string {
	return fmt.Sprintf("支付账户注册于%s，须超过30天，即%s之后。", c.day(opened), c.moment(until))
}
func (chinese) noCards() string { return "没有绑定银行卡。" }
func (chinese) cards(last4 []string) string {
	return fmt.Sprintf("已绑定%d张银行卡，尾号%s，请在支付账户中解绑。", len(last4), strings.Join(last4, "、"))
}
func (chinese) noBalance() string { return "账户余额为零。" }
func (chinese) balance(fen int64) string {
	return fmt.Sprintf("账户余额%s元，请先提现。", yuan(fen))
}
func (chinese) noRefundable() string { return "近30天内没有可退款的交易。" }
func (c chinese) refundable(count int, last, until time.Time) string {
	return fmt.Sprintf("近30天内有%d笔可退款的交易，最近一笔在%s，须满30天，即%s之后。", count, c.day(last), c.moment(until))
}
func (chinese) nothingInTransit() string { return "没有在途资金。" }
func (chinese) inTransit(withdrawals, transfers int) string {
	var parts []string
	if withdrawals > 0 {
		parts = append(parts, fmt.Sprintf("%d笔提现", withdrawals))
	}
	if transfers > 0 {
		parts = append(parts, fmt.Sprintf("%d笔转账给未实名账户", transfers))
	}
	return fmt.Sprintf("有在途资金：%s，请等待到账。", strings.Join(parts, "、"))
}
