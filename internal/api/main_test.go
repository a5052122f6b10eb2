package api

import (
	"testing"

	"shiming/internal/devstack/stacktest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }
