package devstack

import "syscall"

// childAttributes puts the child into its own process group and ties its life to ours.
func childAttributes(as *identity, end syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: end, Credential: as.credential()}
}
