package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// keyFile holds Tink keysets as JSON: in clear in development, else encrypted by the KMS, which then is the master.
type keyFile struct {
	Note        string          `json:"note,omitempty"`
	Master      json.RawMessage `json:"master,omitempty"`
	Fingerprint json.RawMessage `json:"fingerprint"`
	Engine      json.RawMessage `json:"engine"`
}

const developmentNote = "Shiming's keys in clear, for development. Whoever reads this file reads all personal data; whoever loses it loses the data. " +
	"In production use a KMS."

// LoadKeys reads a development key file, made by [GenerateKeyFile]. It refuses one that others may read.
func LoadKeys(path string) (*Keys, error) {
	if err := refuseReadable(path); err != nil {
		return nil, err
	}
	f, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	read := func(name string, raw json.RawMessage) (*keyset.Handle, error) {
		h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
		if err != nil {
			return nil, fmt.Errorf("key file %s: %s key: %w", path, name, err)
		}
		return h, nil
	}
	master, err := read("master", f.Master)
	if err != nil {
		return nil, err
	}
	fingerprint, err := read("fingerprint", f.Fingerprint)
	if err != nil {
		return nil, err
	}
	engine, err := read("engine", f.Engine)
	if err != nil {
		return nil, err
	}
	masterAEAD, err := aead.New(master)
	if err != nil {
		return nil, fmt.Errorf("key file %s: master key: %w", path, err)
	}
	keys, err := newKeys(masterAEAD, fingerprint, engine)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

// GenerateKeyFile makes a development key file for its owner alone (0600). A file that exists stays as it is, and is an
// error that wraps [os.ErrExist]: losing its keys would lose everything sealed with them.
func GenerateKeyFile(path string) error {
	write := func(h *keyset.Handle) (json.RawMessage, error) {
		var b bytes.Buffer
		err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
		return b.Bytes(), err
	}
	f := keyFile{Note: developmentNote}
	master, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("make master key: %w", err)
	}
	if f.Master, err = write(master); err != nil {
		return fmt.Errorf("write master key: %w", err)
	}
	if err := f.addOperational(func(_ string, h *keyset.Handle) (json.RawMessage, error) { return write(h) }); err != nil {
		return err
	}
	return createKeyFile(path, f)
}

// addOperational makes the two keys that both kinds of file hold.
func (f *keyFile) addOperational(write func(name string, h *keyset.Handle) (json.RawMessage, error)) error {
	fingerprint, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return fmt.Errorf("make fingerprint key: %w", err)
	}
	if f.Fingerprint, err = write("fingerprint", fingerprint); err != nil {
		return fmt.Errorf("write fingerprint key: %w", err)
	}
	engine, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("make engine key: %w", err)
	}
	if f.Engine, err = write("engine", engine); err != nil {
		return fmt.Errorf("write engine key: %w", err)
	}
	return nil
}

func refuseReadable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("key file %s is not a regular file", path)
	}
	// Windows has no such bits; its files have the folder's rights.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return fmt.Errorf("key file %s may be used by others than its owner (mode %04o): chmod 600 it, and if others have read it, its keys are spoilt", path, mode)
	}
	return nil
}

func readKeyFile(path string) (keyFile, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return keyFile{}, fmt.Errorf("key file: %w", err)
	}
	var f keyFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return keyFile{}, fmt.Errorf("key file %s is malformed", path) // the cause could quote a key
	}
	return f, nil
}

// createKeyFile makes the file whole or not at all, and never in the place of another.
func createKeyFile(path string, f keyFile) (err error) {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	_, err = temp.Write(append(content, '\n'))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil { // unlike a rename it fails if path exists
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}
