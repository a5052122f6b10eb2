package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// draft is a backup that is being written. Its name begins with a dot until it is whole.
type draft struct {
	dir, final string
	manifest   Manifest
}

// nameOf is a backup's: the moment it was begun, in UTC.
func nameOf(begun time.Time) string { return begun.UTC().Format("20060102T150405Z") }

func newDraft(into string, begun time.Time) (*draft, error) {
	if err := os.MkdirAll(into, 0o700); err != nil {
		return nil, err
	}
	d := &draft{final: filepath.Join(into, nameOf(begun)), dir: filepath.Join(into, "."+nameOf(begun)+".unfinished")}
	d.manifest = Manifest{Format: formatVersion, Begun: begun.UTC(), Files: map[string]File{}}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return nil, err
	}
	return d, os.Mkdir(d.path(scansFolder), 0o700)
}

func (d *draft) path(name string) string { return filepath.Join(d.dir, name) }

// add takes a file that was written into the manifest.
func (d *draft) add(name string) error {
	if err := os.Chmod(d.path(name), 0o600); err != nil {
		return err
	}
	if err := syncFile(d.path(name)); err != nil {
		return err
	}
	f, err := sumOf(d.path(name))
	d.manifest.Files[name] = f
	return err
}

// finish writes the manifest and gives the backup its name.
func (d *draft) finish(ended time.Time) error {
	d.manifest.Ended = ended.UTC()
	raw, err := json.MarshalIndent(d.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path(manifestFile), append(raw, '\n'), 0o600); err != nil {
		return err
	}
	for _, path := range []string{d.path(manifestFile), d.path(scansFolder), d.dir} {
		if err := syncFile(path); err != nil {
			return err
		}
	}
	if err := os.Rename(d.dir, d.final); err != nil {
		return err
	}
	return syncFile(filepath.Dir(d.final))
}

// drop removes what came to nothing.
func (d *draft) drop() error { return os.RemoveAll(d.dir) }

// syncFile has a file or a folder reach the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeUnfinished removes what backups left that were killed. Nobody else writes to the folder at the same time: see [Take].
func removeUnfinished(into string) error {
	left, err := filepath.Glob(filepath.Join(into, ".*.unfinished"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove an unfinished backup: %w", err)
		}
	}
	return nil
}
