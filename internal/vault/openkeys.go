package vault

import (
	"bytes"
	"container/list"
	"sync"
)

// openKeysMax is how many subjects' keys stay unwrapped in memory, a few KiB each. It spares the KMS.
const openKeysMax = 1024

// openKeys remembers the keys of the subjects used last.
type openKeys struct {
	max int

	mu        sync.Mutex
	bySubject map[string]*list.Element // of openKey
	recent    *list.List               // the latest in front
}

type openKey struct {
	subject string
	wrapped []byte // a hit needs the same: who has not got it may not use the key
	keys    *subjectKeys
}

func newOpenKeys(limit int) *openKeys {
	return &openKeys{max: limit, bySubject: map[string]*list.Element{}, recent: list.New()}
}

func (o *openKeys) get(subject string, wrapped []byte) (*subjectKeys, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e, ok := o.bySubject[subject]
	if !ok {
		return nil, false
	}
	key := e.Value.(openKey) //nolint:forcetypeassert // nothing else is put in
	if !bytes.Equal(key.wrapped, wrapped) {
		return nil, false
	}
	o.recent.MoveToFront(e)
	return key.keys, true
}

func (o *openKeys) put(subject string, wrapped []byte, keys *subjectKeys) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remove(subject)
	o.bySubject[subject] = o.recent.PushFront(openKey{subject, bytes.Clone(wrapped), keys})
	for o.recent.Len() > o.max {
		o.remove(o.recent.Back().Value.(openKey).subject) //nolint:forcetypeassert // nothing else is put in
	}
}

func (o *openKeys) forget(subject string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remove(subject)
}

func (o *openKeys) remove(subject string) {
	if e, ok := o.bySubject[subject]; ok {
		o.recent.Remove(e)
		delete(o.bySubject, subject)
	}
}
