package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shiming/internal/postgres"
)

// spendingMeter shows what is spent, read from the database whenever the numbers are asked for: all processes share it.
type spendingMeter struct {
	store                                *postgres.Store
	log                                  *slog.Logger
	paused, held, waiting, used, ceiling *prometheus.Desc
}

func newSpendingMeter(store *postgres.Store, log *slog.Logger) *spendingMeter {
	return &spendingMeter{
		store: store, log: log,
		paused:  prometheus.NewDesc("shiming_payouts_paused", "1 while ops has paused payments, else 0.", nil, nil),
		held:    prometheus.NewDesc("shiming_held_after_restore", "1 while the database is held after a restore, else 0.", nil, nil),
		waiting: prometheus.NewDesc("shiming_payouts_waiting", "Payments that were asked for and have not been ordered.", nil, nil),
		used:    prometheus.NewDesc("shiming_spending_used", "What was spent today, by kind: payments, sms, mails.", []string{"kind"}, nil),
		ceiling: prometheus.NewDesc("shiming_spending_ceiling", "What may be spent a day at most, by kind.", []string{"kind"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *spendingMeter) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.paused, m.held, m.waiting, m.used, m.ceiling} {
		out <- d
	}
}

// meteredWithin bounds what a look at the numbers waits for the database.
const meteredWithin = 2 * time.Second

// Collect implements prometheus.Collector. Without the database these numbers are missing, and the others are not.
func (m *spendingMeter) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), meteredWithin)
	defer cancel()
	pause, err := m.store.PayoutPauseNow(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "what is spent could not be read for the metrics", "error", err)
		return
	}
	spent, _, err := m.store.SpentToday(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "what is spent could not be read for the metrics", "error", err)
		return
	}
	isHeld, err := m.store.IsHeld(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "whether the database is held could not be read for the metrics", "error", err)
		return
	}
	held := 0.0
	if isHeld {
		held = 1
	}
	out <- prometheus.MustNewConstMetric(m.held, prometheus.GaugeValue, held)
	paused := 0.0
	if pause.Paused {
		paused = 1
	}
	out <- prometheus.MustNewConstMetric(m.paused, prometheus.GaugeValue, paused)
	out <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(pause.Waiting))
	for _, s := range spent {
		out <- prometheus.MustNewConstMetric(m.used, prometheus.GaugeValue, float64(s.Used), string(s.Kind))
		out <- prometheus.MustNewConstMetric(m.ceiling, prometheus.GaugeValue, float64(s.Ceiling), string(s.Kind))
	}
}
