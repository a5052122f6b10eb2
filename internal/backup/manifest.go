package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shiming/internal/vault"
)

// The files of a backup.
const (
	manifestFile   = "manifest.json"
	databaseFile   = "database.dump"
	engineFile     = "engine.dump"
	visibilityFile = "engine-visibility.dump"
	scansFile      = "scans.sha256" // of each scan, as `sha256sum --check` reads it
	scansFolder    = "scans"
)

const formatVersion = 1

// Manifest is what a backup says of itself. Nothing in it is personal.
type Manifest struct {
	Format  int       `json:"format"`
	Begun   time.Time `json:"begun"`    // UTC
	TakenAt time.Time `json:"taken_at"` // UTC: the moment that the database's dump shows
	Ended   time.Time `json:"ended"`    // UTC

	Schema int64            `json:"schema"` // the newest migration
	Server string           `json:"server"` // PostgreSQL's version
	Tables map[string]int64 `json:"tables"` // rows of each
	Scans  Scans            `json:"scans"`
	Keys   vault.KeysMark   `json:"keys"`
	Engine bool             `json:"engine"` // the engine's databases are in it

	Files map[string]File `json:"files"` // by name; of the scans in scans.sha256
}

// Scans counts what was stored, and what rows name that was not.
type Scans struct {
	Count   int      `json:"count"`
	Bytes   int64    `json:"bytes"`
	Missing []string `json:"missing,omitempty"` // documents, by id, whose scan the store has lost
}

// File is one of a backup's.
type File struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// ErrNoBackup says that a folder is no whole backup, and holds none.
var ErrNoBackup = errors.New("no whole backup: it has no manifest.json, which is written last")

// Find returns the newest whole backup in a folder of backups, or the folder itself if it is one.
func Find(dir string) (path string, m Manifest, err error) {
	m, err = readManifest(dir)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return dir, m, err
	}
	names, err := wholeIn(dir)
	if errors.Is(err, os.ErrNotExist) {
		return "", m, fmt.Errorf("%s is not there: name the folder that `starter backup` writes to: %w", dir, ErrNoBackup)
	}
	if err != nil {
		return "", m, err
	}
	if len(names) == 0 {
		return "", m, fmt.Errorf("%s: %w", dir, ErrNoBackup)
	}
	path = filepath.Join(dir, names[len(names)-1])
	m, err = readManifest(path)
	return path, m, err
}

// wholeIn lists the backups in a folder, the oldest first.
func wholeIn(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), manifestFile)); err == nil && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names) // their names are moments
	return names, nil
}

func readManifest(dir string) (m Manifest, err error) {
	path := filepath.Join(dir, manifestFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	if m.Format != formatVersion {
		return m, fmt.Errorf("%s is of format %d, and this release reads format %d: use the release that made it", path, m.Format, formatVersion)
	}
	return m, nil
}

// sumOf reads a whole file.
func sumOf(path string) (f File, err error) {
	file, err := os.Open(path)
	if err != nil {
		return f, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	if f.Bytes, err = io.Copy(hash, file); err != nil {
		return f, err
	}
	f.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return f, nil
}
