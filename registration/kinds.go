package registration

// Kind says who registers.
type Kind string

// The kinds of developer (开发者类型).
const (
	Individual Kind = "individual" // 个人开发者, guide section 5.1
	Enterprise Kind = "enterprise" // 企业开发者, guide section 5.2
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Individual, Enterprise} }

// Locale is the language of notices and messages, a BCP 47 tag.
type Locale string

// The languages spoken.
const (
	Chinese Locale = "zh-CN" // the default
	English Locale = "en"
)

// Role is how an enterprise's administrator stands to the company (管理员身份).
type Role string

// The administrator's roles; guide section 6, question 4.
const (
	LegalRepresentative Role = "legal_representative" // 法定代表人
	AuthorizedAgent     Role = "authorized_agent"     // 授权代理人
)

// Method is how a person's identity was proven.
type Method string

// The ways to prove an identity.
const (
	ByDebitCard Method = "debit_card"
	ByWallet    Method = "wallet"
	ByQRScan    Method = "qr_scan"
)

// LicenceType tells a three-in-one licence from the older papers (guide section 6, question 5).
type LicenceType string

// The licence types.
const (
	UnifiedLicence LicenceType = "unified" // 三证合一: one unified social credit code
	LegacyLicence  LicenceType = "legacy"  // registration number and organisation code apart
)
