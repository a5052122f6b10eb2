package devstack

import "os"

func (*identity) canReach(string) error { return nil }

// ownedByUs: the temporary folder is the user's own there.
func ownedByUs(os.FileInfo) bool { return true }
