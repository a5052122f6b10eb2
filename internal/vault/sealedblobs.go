package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Sealed is a blob as it lies in its bucket: nobody needs a key to carry it from one place to another.
type Sealed struct {
	Name string // the subject, a slash, and the blob's key
	Size int64  // in bytes, of the sealed content
}

// Sealed lists what is stored, in the order of its names.
func (b *Blobs) Sealed(ctx context.Context) iter.Seq2[Sealed, error] {
	return func(yield func(Sealed, error) bool) {
		for it := b.bucket.List(nil); ; {
			object, err := it.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Sealed{}, fmt.Errorf("list blobs: %w", err))
				return
			}
			if !yield(Sealed{Name: object.Key, Size: object.Size}, nil) {
				return
			}
		}
	}
}

// ReadSealed opens a blob as it is stored; close it. Nothing stored is [ErrNoBlob].
func (b *Blobs) ReadSealed(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.bucket.NewReader(ctx, name, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNoBlob
	}
	if err != nil {
		return nil, fmt.Errorf("read blob: %w", err)
	}
	return r, nil
}

// WriteSealed stores what another place has as sealed, whole or not at all.
func (b *Blobs) WriteSealed(ctx context.Context, name string, r io.Reader) error {
	ctx, discard := context.WithCancel(ctx) // a writer closed after its context ended discards what it has
	defer discard()
	file := &localFile{}
	w, err := b.bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: "application/octet-stream", BeforeWrite: file.take})
	if err != nil {
		return fmt.Errorf("store blob: %w", err)
	}
	_, err = io.Copy(w, r)
	if err == nil {
		err = file.sync()
	}
	if err != nil {
		discard()
		_ = w.Close() // fails by design: the context has ended
		return fmt.Errorf("store blob: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("store blob: %w", err)
	}
	return nil
}
