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
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/memblob" // mem://
	"gocloud.dev/gcerrors"
)

var (
	// ErrNoBlob says that there is nothing under a key, in a storage that is there.
	ErrNoBlob = errors.New("vault: no such blob")
	// ErrStorage says that the storage does not take or give: it is full, read-only, or away. Nothing was kept.
	ErrStorage = errors.New("vault: the storage of scans does not do its work")
)

// Blobs keeps scans, each encrypted with its subject's data key in segments of 4 KiB, so that neither writing nor
// reading holds a whole one in memory.
type Blobs struct {
	keys   *Keys
	bucket *blob.Bucket
	folder *folder // nil: it is none
	proof  proof
}

// OpenBlobs opens the bucket at address: a folder's path or a gocloud.dev URL. A folder ("data/blobs", "file:///var/lib/shiming") is made
// if it is missing, for its owner alone. mem:// is for tests. Other services work if the program links their driver
// (gocloud.dev/blob/s3blob for s3://).
func OpenBlobs(ctx context.Context, keys *Keys, address string) (*Blobs, error) {
	bucket, err := openBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("open blobs: %w", err)
	}
	b := &Blobs{keys: keys, bucket: bucket}
	if b.folder, err = folderOf(address); err != nil {
		return nil, errors.Join(fmt.Errorf("open blobs: %w", err), bucket.Close())
	}
	return b, nil
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

// Put stores what r yields under the subject's key and returns its size in bytes and its SHA-256 in lower-case hexadecimal,
// both of the plain content. Until it has returned nil, what the key held before stays in place, whatever happens; then it is
// replaced. A caller that needs the old one, should its own transaction fail, uses a new key each time. [ErrStorage] says that it
// could not be stored; an error of r comes as it is.
func (b *Blobs) Put(ctx context.Context, wrapped []byte, subject, key string, r io.Reader) (size int64, sum string, err error) {
	name, keys, err := b.locate(wrapped, subject, key)
	if err != nil {
		return 0, "", err
	}
	source, hash := &sourceReader{Reader: r}, sha256.New()
	err = b.write(ctx, name, func(w io.Writer) (err error) {
		size, err = encrypt(w, keys, bind("blob", subject, key), io.TeeReader(source, hash))
		return err
	})
	switch {
	case source.err != nil:
		return 0, "", fmt.Errorf("store blob: %w", source.err)
	case ctx.Err() != nil: // whoever sends it has left
		return 0, "", fmt.Errorf("store blob: %w", ctx.Err())
	case err != nil:
		return 0, "", b.met("store", err)
	}
	b.proof.doubted(nil)
	return size, hex.EncodeToString(hash.Sum(nil)), nil
}

// write makes an object of what fill writes, whole or not at all.
func (b *Blobs) write(ctx context.Context, name string, fill func(io.Writer) error) error {
	if err := b.folder.present(); err != nil { // the driver would make it anew, on whatever disk is below
		return err
	}
	// A writer closed after its context ended discards what it has.
	ctx, discard := context.WithCancel(ctx)
	defer discard()
	file := &localFile{}
	w, err := b.bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: "application/octet-stream", BeforeWrite: file.take})
	if err != nil {
		return err
	}
	waiting := &patientWriter{Writer: w, giveUp: discard}
	if err = fill(waiting); err == nil {
		err = file.sync()
	}
	if err != nil {
		discard()
		_ = w.Close() // fails by design: the context has ended
		return err
	}
	return waiting.wait(w.Close)
}

// storeWithin is how long the storage may take to accept a part of a blob, or its end.
const storeWithin = 5 * time.Second

// patientWriter gives up a storage that does not answer. How long the sender takes for the parts is another matter.
type patientWriter struct {
	io.Writer
	giveUp context.CancelFunc
}

func (p *patientWriter) Write(b []byte) (n int, err error) {
	err = p.wait(func() error {
		n, err = p.Writer.Write(b)
		return err
	})
	return n, err
}

func (p *patientWriter) wait(do func() error) error {
	late := time.AfterFunc(storeWithin, p.giveUp)
	defer late.Stop()
	return do()
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

// Get opens what is stored under the subject's key; close it. Nothing stored is [ErrNoBlob], a storage that is away [ErrStorage]. A blob
// that was changed or cut off fails with [ErrSealed] in the read that meets the damage: what came before is genuine, but the whole only
// after io.EOF. It reads within ctx.
func (b *Blobs) Get(ctx context.Context, wrapped []byte, subject, key string) (io.ReadCloser, error) {
	name, keys, err := b.locate(wrapped, subject, key)
	if err != nil {
		return nil, err
	}
	stored, err := b.bucket.NewReader(ctx, name, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, b.missing(ctx)
	}
	if errors.Is(context.Cause(ctx), context.Canceled) { // whoever reads has left
		return nil, context.Canceled
	}
	if err != nil {
		return nil, b.met("read", err)
	}
	source := &sourceReader{Reader: stored}
	plain, err := keys.blobs.NewDecryptingReader(source, bind("blob", subject, key))
	if err != nil {
		return nil, errors.Join(ErrSealed, err, stored.Close())
	}
	return &blobReader{plain: plain, source: source, stored: stored}, nil
}

// Check reads what is stored under the subject's key to its end, and holds it against its size in bytes and its SHA-256 in
// lower-case hexadecimal. A blob that is not there is [ErrNoBlob], one that is not what was put [ErrSealed], and a storage that is
// away [ErrStorage].
func (b *Blobs) Check(ctx context.Context, wrapped []byte, subject, key string, size int64, sum string) error {
	content, err := b.Get(ctx, wrapped, subject, key)
	if err != nil {
		return err
	}
	hash := sha256.New()
	n, err := io.Copy(hash, content)
	if err := errors.Join(err, content.Close()); err != nil {
		return err
	}
	if n != size || hex.EncodeToString(hash.Sum(nil)) != sum {
		return ErrSealed
	}
	return nil
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
		return n, fmt.Errorf("read blob: %w: %w", ErrStorage, r.source.err)
	}
	return n, ErrSealed
}

func (r *blobReader) Close() error { return r.stored.Close() }
