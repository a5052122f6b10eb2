package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// identity is the user a child runs as, where that is not the caller.
type identity struct {
	name     string
	uid, gid uint32
}

// serverIdentity says as whom PostgreSQL runs. It refuses to run as root, so root hands it to `postgres`, else
// `nobody`; everybody else runs it as themselves (nil).
func serverIdentity() (*identity, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else is an answer
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		return newIdentity(u)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

func newIdentity(u *user.User) (*identity, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", u.Username, err)
	}
	return &identity{name: u.Username, uid: uint32(uid), gid: uint32(gid)}, nil
}

// own gives path to the identity; nil leaves it with the caller.
func (i *identity) own(path string) error {
	if i == nil {
		return nil
	}
	if err := os.Chown(path, int(i.uid), int(i.gid)); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, i.name, err)
	}
	return nil
}
