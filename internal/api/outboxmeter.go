package api

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"shiming/internal/postgres"
)

// outboxMeter shows what waits to be carried, read from the database whenever the numbers are asked for: all processes share it.
type outboxMeter struct {
	store          *postgres.Store
	log            *slog.Logger
	messages, late *prometheus.Desc
}

func newOutboxMeter(store *postgres.Store, log *slog.Logger) *outboxMeter {
	return &outboxMeter{
		store: store, log: log,
		messages: prometheus.NewDesc("shiming_outbox_messages", "Messages in the outbox, those whose time has not come included, by kind.", []string{"kind"}, nil),
		late:     prometheus.NewDesc("shiming_outbox_late_seconds", "For how long the oldest message that should have been carried has waited, by kind.", []string{"kind"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *outboxMeter) Describe(out chan<- *prometheus.Desc) {
	out <- m.messages
	out <- m.late
}

// Collect implements prometheus.Collector. Without the database these numbers are missing, and the others are not.
func (m *outboxMeter) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), meteredWithin)
	defer cancel()
	all, err := m.store.Outbox(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "the outbox could not be read for the metrics", "error", err)
		return
	}
	for _, w := range all {
		out <- prometheus.MustNewConstMetric(m.messages, prometheus.GaugeValue, float64(w.Messages), w.Kind)
		out <- prometheus.MustNewConstMetric(m.late, prometheus.GaugeValue, w.Late.Seconds(), w.Kind)
	}
}
