package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

func TestWhatCrossesNoNetworkIsNotCompressed(t *testing.T) {
	t.Parallel()
	for address, none := range map[string]bool{
		"": true, "127.0.0.1:7233": true, "localhost:7233": true, "[::1]:7233": true,
		"temporal:7233": false, "10.0.0.7:7233": false, "localhost.example.com:7233": false, "shiming.a2dd6.tmprl.cloud:7233": false, "no address": false,
	} {
		got := compression(client.Options{HostPort: address})
		if none {
			require.IsType(t, &client.GrpcCompressionNone{}, got, address)
		} else {
			require.Nil(t, got, address)
		}
		asked := client.Options{HostPort: address, ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionGzip{}}}
		require.IsType(t, &client.GrpcCompressionGzip{}, compression(asked), "somebody has asked for it")
	}
}
