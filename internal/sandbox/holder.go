package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"shiming/internal/chinaid"
)

// holder is a person who exists nowhere.
type holder struct{ name, idNumber string }

// holderOf derives the holder of a "verified-" account from its id: the same id, the same person.
func holderOf(accountID string) (holder, error) {
	sum := sha256.Sum256([]byte(accountID))
	pick := func(at, n int) int { return int(binary.BigEndian.Uint32(sum[at:at+4]) % uint32(n)) }

	surnames := []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "欧阳", "上官"}
	given := []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平")
	name := surnames[pick(0, len(surnames))] + string(given[pick(4, len(given))]) + string(given[pick(8, len(given))])

	regions := []string{"110101", "120101", "310104", "320102", "330106", "350203", "420106", "440305", "510104", "610113"}
	const births = 40 * 365 // days, from 1960 to the end of 1999
	born := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, pick(12, births))
	id, err := chinaid.NewResidentID(regions[pick(16, len(regions))], born, pick(20, 1000))
	if err != nil {
		return holder{}, err
	}
	return holder{name: name, idNumber: id.Value()}, nil
}
