package devstack

import "syscall"

// childAttributes keeps the console's Ctrl-C from the child.
func childAttributes(_ *identity, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
