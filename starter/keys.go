package main

import (
	"errors"
	"fmt"
	"os"

	"shiming/internal/vault"
)

type keysCommand struct {
	Path string `arg:"" help:"The file to make. One that exists is never replaced: its keys would be lost, and all they sealed."`
	KMS  string `name:"kms" placeholder:"URI" help:"Let the KMS key at this Tink URI be the master key, and encrypt the file."`
}

// Run makes the file.
func (c *keysCommand) Run() error {
	err := c.generate()
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists and stays as it is: name another file, or use it", c.Path)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s holds the vault's keys: keep a copy where the database is not, and point KEYS_FILE to it\n", c.Path)
	return nil
}

func (c *keysCommand) generate() error {
	if c.KMS != "" {
		return vault.GenerateKMSKeyFile(c.KMS, c.Path)
	}
	return vault.GenerateKeyFile(c.Path)
}
