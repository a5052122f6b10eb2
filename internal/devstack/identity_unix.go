//go:build unix

package devstack

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func (i *identity) credential() *syscall.Credential {
	if i == nil {
		return nil
	}
	return &syscall.Credential{Uid: i.uid, Gid: i.gid}
}

// canReach says which folder above path, if any, the identity may not enter. Only the bits for everybody count: the
// identity belongs to no group of ours.
func (i *identity) canReach(path string) error {
	if i == nil {
		return nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("data folder %s: %w", path, err)
		}
		owner, known := info.Sys().(*syscall.Stat_t)
		mine := known && owner.Uid == i.uid && info.Mode().Perm()&0o100 != 0
		if !mine && info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("PostgreSQL runs as user %s, who may not enter %s: use a data folder elsewhere or chmod o+x it", i.name, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// ownedByUs guards against folders that somebody else planted.
func ownedByUs(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	return known && int64(owner.Uid) == int64(os.Geteuid())
}
