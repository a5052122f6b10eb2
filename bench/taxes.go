package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"shiming/bench/noop"
	"shiming/internal/codec"
	"shiming/internal/vault"
	"shiming/registration"
)

// taxes measures what encryption and search attributes cost, with no-op workflows that make a registration's histories with and without
// them, by turns. What the timeline and the trail cost is read from the statements of real registrations.
func taxes(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	c.careless = true
	casts, err := c.record(ctx, o)
	if err != nil {
		return err
	}
	variants, err := newVariants(s, casts)
	if err != nil {
		return err
	}
	defer variants.close()
	before, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	rounds := map[string]map[registration.Kind][]round{}
	for number := range o.rounds() + 1 {
		for _, kind := range bothKinds() {
			for _, v := range variants {
				r, err := c.count(ctx, o.perRound(), func(ctx context.Context) error { return v.player.many(ctx, kind, number, o.perRound()) })
				if err != nil {
					return err
				}
				if number == 0 { // caches are filled
					rounds[v.name] = map[registration.Kind][]round{}
					continue
				}
				rounds[v.name][kind] = append(rounds[v.name][kind], r)
			}
		}
	}
	after, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	return o.report(out, "taxes", taxesOf(variants, rounds, before.mean(after)))
}

// variant is a way to play a registration.
type variant struct {
	name   string
	player *player
}

type variants []variant

func (v variants) close() {
	for _, one := range v {
		one.player.engine.Close()
	}
}

const (
	plain        = "plain"
	encrypted    = "encrypted"
	unattributed = "without search attributes"
)

// newVariants starts a worker for each: one without and one with the product's codec. Scripts are shared.
func newVariants(s *stack, casts map[registration.Kind]cast) (variants, error) {
	bare := map[registration.Kind]cast{}
	for kind, some := range casts {
		for _, m := range some {
			m.name, m.script = m.name+" "+unattributed, m.script.Without(noop.Upsert)
			bare[kind] = append(bare[kind], m)
		}
	}
	all := map[string]noop.Script{}
	for _, set := range []map[registration.Kind]cast{casts, bare} {
		for _, some := range set {
			for _, m := range some {
				all[m.name] = m.script
			}
		}
	}
	if err := s.startNoopWorker(all); err != nil {
		return nil, err
	}
	if err := s.startProcess(sealedCommand); err != nil {
		return nil, err
	}
	var list variants
	for _, v := range []struct {
		name, queue string
		casts       map[registration.Kind]cast
		converter   func() (converter.DataConverter, error)
	}{
		{plain, noopQueue, casts, nil},
		{encrypted, sealedQueue, casts, s.sealing},
		{unattributed, noopQueue, bare, nil},
	} {
		options := client.Options{HostPort: s.servers.address, Namespace: s.servers.namespace, Logger: quiet{}}
		if v.converter != nil {
			var err error
			if options.DataConverter, err = v.converter(); err != nil {
				return list, err
			}
		}
		engine, err := client.Dial(options)
		if err != nil {
			return list, err
		}
		prefix := strings.ReplaceAll(v.name, " ", "-")
		list = append(list, variant{v.name, &player{Player: noop.Player{Engine: engine, TaskQueue: v.queue}, engine: engine, casts: v.casts, prefix: prefix}})
	}
	return list, nil
}

// sealing is how the product writes payloads, with the keys of the stack.
func (s *stack) sealing() (converter.DataConverter, error) { return sealingWith(s.path("keys.json")) }

func sealingWith(keysFile string) (converter.DataConverter, error) {
	keys, err := vault.LoadKeys(filepath.Clean(keysFile))
	if err != nil {
		return nil, err
	}
	return codec.DataConverter(codec.New(keys)), nil
}
