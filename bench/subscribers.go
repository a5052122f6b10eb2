package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"shiming/bench/people"
)

// allowed lets webhooks go to this machine, where the bench listens.
func allowed(r *roles) {
	for _, set := range []settings{r.api, r.worker} {
		set["WEBHOOK_ALLOW_NETS"] = "127.0.0.0/8"
	}
}

// manySubscribers is how many endpoints there are.
const manySubscribers = 50

// subscribers take webhooks, each at an address of its own.
type subscribers struct {
	server *http.Server

	mu       sync.Mutex
	delay    time.Duration // before each answer
	deaf     int           // this one never answers; 0: all do
	began    int           // requests that came
	arrivals []time.Duration
}

// subscribe starts to listen, and has so many endpoints told of every event, by turns of the owners of tokens.
func subscribe(ctx context.Context, p *people.Platform, owners []string, n int) (*subscribers, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &subscribers{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{number}", s.take)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(l) }() // until it is closed
	for number := 1; number <= n; number++ {
		if err := p.Subscribe(ctx, owners[number%len(owners)], "http://"+l.Addr().String()+"/"+strconv.Itoa(number)); err != nil {
			return nil, errors.Join(err, s.server.Close())
		}
	}
	return s, nil
}

func (s *subscribers) take(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Timestamp time.Time `json:"timestamp"`
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	took := time.Since(event.Timestamp)
	number, _ := strconv.Atoi(r.PathValue("number")) // 0 is nobody's
	s.mu.Lock()
	s.began++
	delay, deaf := s.delay, s.deaf == number && number > 0
	if !deaf {
		s.arrivals = append(s.arrivals, took)
	}
	s.mu.Unlock()
	if deaf {
		<-r.Context().Done()
		return
	}
	pause(r.Context(), delay)
}

// set says how they behave from now on, and forgets what came.
func (s *subscribers) set(delay time.Duration, deaf int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay, s.deaf, s.began, s.arrivals = delay, deaf, 0, nil
}

// came is how long events were under way, by those who took them.
func (s *subscribers) came() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Duration(nil), s.arrivals...)
}
