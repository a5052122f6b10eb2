package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/config"
)

func TestServeSaysWhichPortIsInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, taken.Close()) })
	_, _, err = listenFor(config.API{Addr: taken.Addr().String()})
	require.ErrorContains(t, err, "API_ADDR")
	_, _, err = listenFor(config.API{Addr: "127.0.0.1:0", MetricsAddr: taken.Addr().String()})
	require.ErrorContains(t, err, "METRICS_ADDR")
	require.ErrorContains(t, err, "in use")
	require.ErrorContains(t, err, "choose another address")
}

// Without an address for them, no port is opened for the metrics: two APIs of a machine have enough to quarrel about.
func TestServeOpensNoMetricsPortUnlessItIsNamed(t *testing.T) {
	t.Parallel()
	api, metrics, err := listenFor(config.API{Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	require.NoError(t, api.Close())
	require.Nil(t, metrics)
	api, metrics, err = listenFor(config.API{Addr: "127.0.0.1:0", MetricsAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	require.NoError(t, api.Close())
	require.NoError(t, metrics.Close())
}
