package vault

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// LoadKMS uses a KMS key as the master key, and the fingerprint and engine keys in the file at path, which the KMS encrypted
// ([GenerateKMSKeyFile]). uri is Tink's ("aws-kms://arn:…", "gcp-kms://…", "hcvault://…"); the program must have registered a client for it
// with Tink's registry. Every new or long unused subject then costs one call to the KMS.
func LoadKMS(uri, path string) (*Keys, error) {
	master, err := kmsAEAD(uri)
	if err != nil {
		return nil, err
	}
	f, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	if f.Master != nil {
		return nil, fmt.Errorf("key file %s holds a master key in clear; with a KMS the master key stays there", path)
	}
	read := func(name string, raw json.RawMessage) (*keyset.Handle, error) {
		h, err := keyset.ReadWithAssociatedData(keyset.NewJSONReader(bytes.NewReader(raw)), master, bind("key file", name))
		if err != nil {
			return nil, fmt.Errorf("key file %s: %s key: %w", path, name, err)
		}
		return h, nil
	}
	fingerprint, err := read("fingerprint", f.Fingerprint)
	if err != nil {
		return nil, err
	}
	engine, err := read("engine", f.Engine)
	if err != nil {
		return nil, err
	}
	keys, err := newKeys(master, fingerprint, engine)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

// GenerateKMSKeyFile makes the file for [LoadKMS]. A file that exists stays as it is, and is an error that wraps [os.ErrExist].
func GenerateKMSKeyFile(uri, path string) error {
	master, err := kmsAEAD(uri)
	if err != nil {
		return err
	}
	f := keyFile{Note: "Shiming's fingerprint and engine keys, encrypted by the KMS key " + uri}
	err = f.addOperational(func(name string, h *keyset.Handle) (json.RawMessage, error) {
		var b bytes.Buffer
		err := h.WriteWithAssociatedData(keyset.NewJSONWriter(&b), master, bind("key file", name))
		return b.Bytes(), err
	})
	if err != nil {
		return err
	}
	return createKeyFile(path, f)
}

func kmsAEAD(uri string) (tink.AEAD, error) {
	client, err := registry.GetKMSClient(uri)
	if err != nil {
		return nil, fmt.Errorf("KMS: %w", err)
	}
	master, err := client.GetAEAD(uri)
	if err != nil {
		return nil, fmt.Errorf("KMS: %w", err)
	}
	return master, nil
}
