package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gocloud.dev/blob/fileblob"
)

const (
	// provenFor is how long a storage that has just kept a probe is taken to keep more.
	provenFor = 15 * time.Second
	// brokenFor is how long one that has not is not asked again. It is short: people wait for it.
	brokenFor = 2 * time.Second
	probeSize = 4 << 10 // bytes: a block
)

// proof is what the last probe has said of whether the storage keeps what is written.
type proof struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// Ready says whether what is written now would be kept, and can be reached: something is written and removed again. What that has
// said is known for a while, unless what others store, or cannot, speaks against it: then it is found out anew. A scan for which there
// is no room is no verdict by itself, for a smaller one may fit.
func (b *Blobs) Ready(ctx context.Context) error {
	if known, err := b.proof.known(); known {
		return err
	}
	err := b.probe(ctx)
	if err != nil {
		err = broken("probe", err)
	}
	b.proof.is(err)
	return err
}

func (p *proof) known() (known bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	age := time.Since(p.at)
	return !p.at.IsZero() && (p.err == nil && age < provenFor || p.err != nil && age < brokenFor), p.err
}

func (p *proof) is(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.err = time.Now(), err
}

// doubted forgets what is known if it is the opposite of what somebody has just met.
func (p *proof) doubted(met error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (p.err == nil) != (met == nil) {
		p.at = time.Time{}
	}
}

// broken is an [ErrStorage] of a failure to do something.
func broken(what string, err error) error {
	return fmt.Errorf("%s blob: %w: %w", what, ErrStorage, err)
}

// met is what somebody else than a probe has met: an [ErrStorage], by which what is known is doubted.
func (b *Blobs) met(what string, err error) error {
	err = broken(what, err)
	b.proof.doubted(err)
	return err
}

// missing tells a blob that is not there from a storage that is not there.
func (b *Blobs) missing(ctx context.Context) error {
	if err := b.folder.present(); err != nil {
		return b.met("read", err)
	}
	if b.folder != nil { // the driver would list it whole
		return ErrNoBlob
	}
	there, err := b.bucket.IsAccessible(ctx)
	switch {
	case err != nil:
		return b.met("read", err)
	case !there:
		return b.met("read", errors.New("the bucket does not exist"))
	}
	return ErrNoBlob
}

// probes are beside the subjects' blobs, and no subject's.
const probes = "probes/"

func (b *Blobs) probe(ctx context.Context) error {
	name := probes + rand.Text()
	err := b.write(ctx, name, func(w io.Writer) error {
		_, err := w.Write(make([]byte, probeSize))
		return err
	})
	if err != nil {
		return err
	}
	return b.bucket.Delete(ctx, name)
}

// folder is where blobs are, if that is a folder of this machine.
type folder struct {
	path   string
	opened os.FileInfo
}

// folderOf is the folder at an address that was opened; nil if it is none.
func folderOf(address string) (*folder, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	f := &folder{path: address}
	switch u.Scheme {
	case "":
	case fileblob.Scheme:
		f.path = u.Path
		if os.PathSeparator != '/' && len(f.path) > 0 { // as the driver has it
			f.path = f.path[1:]
		}
		f.path = filepath.FromSlash(f.path)
	default:
		return nil, nil
	}
	f.opened, err = os.Stat(f.path)
	return f, err
}

// present fails if the folder is not the one that was opened: what was mounted there is not any more, say.
func (f *folder) present() error {
	if f == nil {
		return nil
	}
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
		return err
	case !os.SameFile(f.opened, now):
		return errors.New("the folder is not the one that was opened")
	}
	return nil
}
