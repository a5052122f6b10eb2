package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	passwordFile = "shiming.password" // in the data folder, beside PostgreSQL's own files
	ephemeralDir = "shiming-postgres-"
	ephemeralPID = "owner.lock"
	spareDir     = "/var/lib/shiming-dev" // only root needs it, and may write there
)

// dataDir is a database cluster's folder, owned by the user the server runs as.
type dataDir struct {
	path string
	as   *identity
	link string // where the data belongs, if we keep it elsewhere; a link of the user's own is a path like any other

	// Of an ephemeral folder only: what to remove at the end, and the lock that keeps others from doing so before.
	temp  string
	owner *FileLock
}

func (d *dataDir) ephemeral() bool { return d.temp != "" }

func openDataDir(path, spare string, as *identity) (*dataDir, error) {
	if path == "" {
		return newEphemeral(as)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	leads := linkTarget(path)
	if as != nil && leads != path && filepath.Dir(leads) == filepath.Clean(spare) {
		return &dataDir{path: leads, as: as, link: path}, as.canReach(leads)
	}
	unreachable := as.canReach(path)
	if unreachable == nil {
		return &dataDir{path: path, as: as}, as.canReach(leads)
	}
	if _, err := os.Lstat(path); err == nil { // data that is there is not moved
		return nil, unreachable
	}
	to, err := linkToSpare(path, spare)
	if err != nil {
		return nil, errors.Join(unreachable, err)
	}
	return &dataDir{path: to, as: as, link: path}, as.canReach(to)
}

// linkTarget returns where a link leads, and any other path as it is.
func linkTarget(path string) string {
	to, err := os.Readlink(path)
	switch {
	case err != nil:
		return path
	case filepath.IsAbs(to):
		return filepath.Clean(to)
	}
	return filepath.Join(filepath.Dir(path), to)
}

// linkToSpare finds a place in spare and makes path a link to it. The link, and not path's name, leads there: whoever
// removes the folder with the link starts anew.
func linkToSpare(path, spare string) (string, error) {
	if err := os.MkdirAll(spare, 0o711); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if err := os.Chmod(spare, 0o711); err != nil { // whatever the umask is
		return "", fmt.Errorf("data folder: %w", err)
	}
	to := filepath.Join(spare, "postgres-"+strings.ToLower(rand.Text()[:12]))
	if err := os.Symlink(to, path); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return to, nil
}

// newEphemeral makes a folder in the system's temporary one. Owners that were killed leave theirs behind, so it takes
// the chance to remove those.
func newEphemeral(as *identity) (*dataDir, error) {
	removeLeftovers(os.TempDir())
	temp, err := os.MkdirTemp("", ephemeralDir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	d := &dataDir{path: filepath.Join(temp, "data"), as: as, temp: temp}
	if err := os.Chmod(temp, 0o711); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if d.owner, err = TryLock(filepath.Join(temp, ephemeralPID)); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := as.canReach(d.path); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// removeLeftovers removes the folders of dead owners. It is best effort: what it may not remove is not ours.
func removeLeftovers(in string) {
	left, err := filepath.Glob(filepath.Join(in, ephemeralDir+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !ownedByUs(info) || time.Since(info.ModTime()) < time.Minute {
			continue // a new one's owner may be about to lock it
		}
		owner, err := TryLock(filepath.Join(dir, ephemeralPID))
		if err != nil || owner == nil {
			continue
		}
		_ = os.RemoveAll(dir)
		_ = owner.Unlock()
	}
}

// version returns the PostgreSQL major version that made the cluster, or "" if there is none yet.
func (d *dataDir) version() (string, error) {
	b, err := os.ReadFile(filepath.Join(d.path, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// password returns the superuser's, made with the cluster.
func (d *dataDir) password() (string, error) {
	b, err := os.ReadFile(filepath.Join(d.path, passwordFile))
	if err != nil {
		return "", fmt.Errorf("data folder %s was not made here (its password is missing): %w", d.path, err)
	}
	return string(b), nil
}

// initialise makes the cluster beside its place and moves it there when it is complete, so that a crash on the way
// leaves no half cluster. A folder does not replace a link, so its place is where that leads.
func (d *dataDir) initialise(ctx context.Context, bin postgresBin) error {
	place := linkTarget(d.path)
	work, err := os.MkdirTemp(filepath.Dir(place), filepath.Base(place)+".init-")
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	err = d.initdb(ctx, bin, work)
	if err == nil {
		err = os.Rename(work, place) // replaces an empty folder only
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make database cluster: %w", err), os.RemoveAll(work))
	}
	return nil
}

func (d *dataDir) initdb(ctx context.Context, bin postgresBin, work string) error {
	if err := d.as.own(work); err != nil {
		return err
	}
	secret, err := d.newPassword(work)
	if err != nil {
		return err
	}
	args := []string{
		"-D", work, "-U", postgresUser, "--auth=scram-sha-256", "--pwfile=" + secret,
		"--encoding=UTF8", "--locale=C", "--no-instructions",
	}
	if d.ephemeral() {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, bin.tool("initdb"), args...)
	cmd.Env, cmd.Dir = postgresEnv(), os.TempDir()
	cmd.SysProcAttr = childAttributes(d.as, 0)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out))), os.Remove(secret))
	}
	return os.Rename(secret, filepath.Join(work, passwordFile))
}

// newPassword writes a random password where only the server's user reads it, beside the folder that initdb wants empty.
func (d *dataDir) newPassword(work string) (string, error) {
	f, err := os.OpenFile(work+".password", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	_, err = f.WriteString(rand.Text())
	if err := errors.Join(err, f.Close(), d.as.own(f.Name())); err != nil {
		return "", errors.Join(fmt.Errorf("write password: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// close removes an ephemeral folder; a kept one stays.
func (d *dataDir) close() error {
	if !d.ephemeral() {
		return nil
	}
	err := os.RemoveAll(d.temp)
	if d.owner != nil {
		err = errors.Join(err, d.owner.Unlock())
	}
	return err
}
