package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"shiming/internal/vault"
)

// ours are the names that the product gives to scans. What else lies in the store (a file that is being written, say) is left alone.
var ours = regexp.MustCompile(`^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$`)

// sums are the scans of a backup by name.
type sums map[string]File

// copyScans takes every scan of the store. One that the backup before has is not read again but linked to: a scan never changes.
func (d *draft) copyScans(ctx context.Context, blobs *vault.Blobs, before string, say func(string)) (sums, error) {
	known := sums{}
	if before != "" {
		var err error
		if known, err = readSums(before); err != nil {
			return nil, err
		}
	}
	got := sums{}
	for scan, err := range blobs.Sealed(ctx) {
		if err != nil {
			return nil, err
		}
		if !ours.MatchString(scan.Name) {
			continue
		}
		f, err := d.copyScan(ctx, blobs, scan, before, known)
		if errors.Is(err, vault.ErrNoBlob) {
			continue // it was taken away again: its row was not written
		}
		if err != nil {
			return nil, fmt.Errorf("scan %s: %w", scan.Name, err)
		}
		got[scan.Name] = f
		if len(got)%1000 == 0 {
			say(fmt.Sprintf("%d scans", len(got)))
		}
	}
	return got, nil
}

func (d *draft) copyScan(ctx context.Context, blobs *vault.Blobs, scan vault.Sealed, before string, known sums) (File, error) {
	path := d.path(filepath.Join(scansFolder, filepath.FromSlash(scan.Name)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return File{}, err
	}
	if f, has := known[scan.Name]; has && linked(before, scan, path) {
		return f, nil
	}
	r, err := blobs.ReadSealed(ctx, scan.Name)
	if err != nil {
		return File{}, err
	}
	defer r.Close() //nolint:errcheck // it was only read
	return writeSummed(path, r)
}

// linked has the backup share a file with the one before. Where that cannot be, the scan is copied.
func linked(before string, scan vault.Sealed, path string) bool {
	old := filepath.Join(before, scansFolder, filepath.FromSlash(scan.Name))
	info, err := os.Stat(old)
	return err == nil && info.Size() == scan.Size && os.Link(old, path) == nil
}

func writeSummed(path string, r io.Reader) (f File, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f, err
	}
	hash := sha256.New()
	f.Bytes, err = io.Copy(io.MultiWriter(file, hash), r)
	f.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return f, errors.Join(err, file.Sync(), file.Close())
}

// keepSums writes the list of scans, and into the manifest what they come to.
func (d *draft) keepSums(got sums, wanted map[string]string) error {
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(got)) {
		fmt.Fprintf(&list, "%s  %s/%s\n", got[name].SHA256, scansFolder, name)
		d.manifest.Scans.Bytes += got[name].Bytes
	}
	d.manifest.Scans.Count = len(got)
	for name, document := range wanted {
		if _, has := got[name]; !has {
			d.manifest.Scans.Missing = append(d.manifest.Scans.Missing, document)
		}
	}
	slices.Sort(d.manifest.Scans.Missing)
	if err := os.WriteFile(d.path(scansFile), []byte(list.String()), 0o600); err != nil {
		return err
	}
	return d.add(scansFile)
}

// readSums reads the list of a backup's scans.
func readSums(dir string) (sums, error) {
	file, err := os.Open(filepath.Join(dir, scansFile))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	all := sums{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  "+scansFolder+"/")
		if !ok || !ours.MatchString(name) {
			return nil, fmt.Errorf("%s cannot be read", file.Name())
		}
		all[name] = File{SHA256: sum}
	}
	return all, lines.Err()
}

// verify reads every file of a backup and compares its sum.
func verify(ctx context.Context, dir string, m Manifest) error {
	for name, want := range m.Files {
		got, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%w: %s", ErrDamaged, filepath.Join(dir, name))
		}
	}
	scans, err := readSums(dir)
	if err != nil {
		return err
	}
	for name, want := range scans {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		path := filepath.Join(dir, scansFolder, filepath.FromSlash(name))
		got, err := sumOf(path)
		if err != nil {
			return err
		}
		if got.SHA256 != want.SHA256 {
			return fmt.Errorf("%w: %s", ErrDamaged, path)
		}
	}
	return nil
}

// ErrDamaged says that a file of a backup is not what was written.
var ErrDamaged = errors.New("the backup is damaged: a file is not what its sum says; use another backup")

// putScans brings the scans of a backup into a store. Those that it has are left alone: a scan never changes.
func putScans(ctx context.Context, dir string, blobs *vault.Blobs, say func(string)) (put, had int, err error) {
	there := map[string]int64{}
	for scan, err := range blobs.Sealed(ctx) {
		if err != nil {
			return 0, 0, err
		}
		there[scan.Name] = scan.Size
	}
	scans, err := readSums(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, name := range slices.Sorted(maps.Keys(scans)) {
		path := filepath.Join(dir, scansFolder, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if err != nil {
			return put, had, err
		}
		if size, has := there[name]; has && size == info.Size() {
			had++
			continue
		}
		if err := putScan(ctx, blobs, name, path); err != nil {
			return put, had, fmt.Errorf("scan %s: %w", name, err)
		}
		if put++; put%1000 == 0 {
			say(fmt.Sprintf("%d scans", put))
		}
	}
	return put, had, nil
}

func putScan(ctx context.Context, blobs *vault.Blobs, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return blobs.WriteSealed(ctx, name, file)
}
