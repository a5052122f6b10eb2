package vault

import "encoding/binary"

// bind joins a use and its parts so that no two different lists give the same bytes: ("ab", "c") is not ("a", "bc").
func bind(use string, parts ...string) []byte {
	joined := append([]byte("shiming/"), use...)
	joined = append(joined, 0)
	for _, p := range parts {
		joined = binary.BigEndian.AppendUint64(joined, uint64(len(p)))
		joined = append(joined, p...)
	}
	return joined
}
