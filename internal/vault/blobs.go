package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/memblob" // mem://
	"gocloud.dev/gcerrors"
)

// ErrNoBlob says that there is nothing under a key.
var ErrNoBlob = errors.New("vault: no such blob")

// Blobs keeps scans, each encrypted with its subject's data key in segments of 4 KiB, so that neither writing nor
// reading holds a whole one in memory.
type Blobs struct {
	keys   *Keys
	bucket *blob.Bucket
}

// OpenBlobs opens the bucket at address: a folder's path or a gocloud.dev URL. A folder ("data/blobs", "file:///var/lib/shiming") is made
// if it is missing, for its owner alone. mem:// is for tests. Other services work if the program links their driver
// (gocloud.dev/blob/s3blob for s3://).
func OpenBlobs(ctx context.Context, keys *Keys, address string) (*Blobs, error) {
	bucket, err := openBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("open blobs: %w", err)
	}
	return &Blobs{keys: keys, bucket: bucket}, nil
}

func openBucket(ctx context.Context, address string) (*blob.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	switch {
	case address == "":
		return nil, errors.New("no address")
	case u.Scheme == "":
		return fileblob.OpenBucket(address, folderOptions())
	case u.Scheme == fileblob.Scheme:
		return (&fileblob.URLOpener{Options: *folderOptions()}).OpenBucketURL(ctx, u)
	}
	return blob.OpenBucket(ctx, address)
}

// folderOptions has temporary files beside the final ones: a rename cannot leave its file system.
func folderOptions() *fileblob.Options {
	return &fileblob.Options{CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite}
}

// Close releases the bucket.
func (b *Blobs) Close() error { return b.bucket.Close() }

// Ready says whether the bucket can be reached.
func (b *Blobs) Ready(ctx context.Context) error {
	ok, err := b.bucket.IsAccessible(ctx)
	if err != nil {
		return fmt.Errorf("blobs: %w", err)
	}
	if !ok {
		return errors.New("blobs: the bucket does not exist")
	}
	return nil
}

// Put stores what r yields under the subject's key and returns its size in bytes and its SHA-256 in lower-case hexadecimal,
// both of the plain content. Until it has returned nil, what the key held before stays in place, whatever happens; then it is
// replaced. A caller that needs the old one, should its own transaction fail, uses a new key each time.
func (b *Blobs) Put(ctx context.Context, wrapped []byte, subject, key string, r io.Reader) (size int64, sum string, err error) {
	name, keys, err := b.locate(wrapped, subject, key)
	if err != nil {
		return 0, "", err
	}
	// A writer closed after its context ended discards what it has.
	ctx, discard := context.WithCancel(ctx)
	defer discard()
	file := &localFile{}
	w, err := b.bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: "application/octet-stream", BeforeWrite: file.take})
	if err != nil {
		return 0, "", fmt.Errorf("store blob: %w", err)
	}
	hash := sha256.New()
	size, err = encrypt(w, keys, bind("blob", subject, key), io.TeeReader(r, hash))
	if err == nil {
		err = file.sync()
	}
	if err != nil {
		discard()
		_ = w.Close() // fails by design: the context has ended
		return 0, "", fmt.Errorf("store blob: %w", err)
	}
	if err := w.Close(); err != nil {
		return 0, "", fmt.Errorf("store blob: %w", err)
	}
	return size, hex.EncodeToString(hash.Sum(nil)), nil
}

// localFile is the file of a blob in a folder. The driver leaves it to the operating system when the content reaches the
// disk, but a row in the database is about to say that it is there.
type localFile struct{ file *os.File }

func (l *localFile) take(as func(any) bool) error {
	if !as(&l.file) {
		return nil // not a folder
	}
	return l.file.Chmod(0o600)
}

func (l *localFile) sync() error {
	if l.file == nil {
		return nil
	}
	return l.file.Sync()
}

func encrypt(w io.Writer, keys *subjectKeys, bound []byte, r io.Reader) (int64, error) {
	sealing, err := keys.blobs.NewEncryptingWriter(w, bound)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(sealing, r)
	if err != nil {
		return 0, err
	}
	return size, sealing.Close() // writes the last segment, which marks the end
}

// Get opens what is stored under the subject's key; close it. Nothing stored is [ErrNoBlob]. A blob that was changed or cut off fails
// with [ErrSealed] in the read that meets the damage: what came before is genuine, but the whole only after io.EOF.
func (b *Blobs) Get(ctx context.Context, wrapped []byte, subject, key string) (io.ReadCloser, error) {
	name, keys, err := b.locate(wrapped, subject, key)
	if err != nil {
		return nil, err
	}
	stored, err := b.bucket.NewReader(ctx, name, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNoBlob
	}
	if err != nil {
		return nil, fmt.Errorf("read blob: %w", err)
	}
	source := &sourceReader{Reader: stored}
	plain, err := keys.blobs.NewDecryptingReader(source, bind("blob", subject, key))
	if err != nil {
		return nil, errors.Join(ErrSealed, err, stored.Close())
	}
	return &blobReader{plain: plain, source: source, stored: stored}, nil
}

// Delete removes what is stored under the subject's key, if anything.
func (b *Blobs) Delete(ctx context.Context, subject, key string) error {
	name, err := objectName(subject, key)
	if err != nil {
		return err
	}
	if err := b.bucket.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// DeleteSubject removes all of a subject's blobs.
func (b *Blobs) DeleteSubject(ctx context.Context, subject string) error {
	prefix, err := objectName(subject, "")
	if err != nil {
		return err
	}
	for it := b.bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		object, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		if err := b.bucket.Delete(ctx, object.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return fmt.Errorf("delete blob: %w", err)
		}
	}
}

func (b *Blobs) locate(wrapped []byte, subject, key string) (string, *subjectKeys, error) {
	if key == "" {
		return "", nil, errors.New("vault: a blob without a key")
	}
	name, err := objectName(subject, key)
	if err != nil {
		return "", nil, err
	}
	keys, err := b.keys.subject(wrapped, subject)
	return name, keys, err
}

// objectName puts each subject's blobs under a prefix of its own.
func objectName(subject, key string) (string, error) {
	if subject == "" || strings.ContainsAny(subject, `/\`) {
		return "", errors.New("vault: not a subject's id")
	}
	return subject + "/" + key, nil
}

// sourceReader remembers a failure of the store, to tell it from damage.
type sourceReader struct {
	io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

type blobReader struct {
	plain  io.Reader
	source *sourceReader
	stored io.Closer
}

func (r *blobReader) Read(p []byte) (int, error) {
	n, err := r.plain.Read(p)
	switch {
	case err == nil, err == io.EOF:
		return n, err
	case r.source.err != nil:
		return n, fmt.Errorf("read blob: %w", r.source.err)
	}
	return n, ErrSealed
}

func (r *blobReader) Close() error { return r.stored.Close() }
