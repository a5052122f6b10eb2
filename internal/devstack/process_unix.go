//go:build unix && !linux

package devstack

import "syscall"

// childAttributes puts the child into its own process group. Nothing ties its life to ours here: that is Linux's.
func childAttributes(as *identity, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as.credential()}
}
