package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// decoded reads a kept result.
func decoded[T tabular](raw []byte) (tabular, error) {
	var result T
	err := json.Unmarshal(raw, &result)
	return result, err
}

// decoders read the results that are shown as tables, by the measurement's name.
func decoders() map[string]func([]byte) (tabular, error) {
	return map[string]func([]byte) (tabular, error){
		"cost": decoded[costResult], "efficiency": decoded[efficiencyResult], "acts": decoded[actsResult], "reads": decoded[readsResult],
		"reports": decoded[reportsResult], "fanout": decoded[fanoutResult], "open": decoded[openResult], "deadlines": decoded[deadlinesResult],
		"taxes": decoded[taxesResult],
	}
}

// tables shows the results that are kept, in the order of the measurements.
func (o options) tables(out io.Writer) error {
	for _, m := range measurements(o) {
		decode, ok := decoders()[m.name]
		if !ok {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(o.results, m.name+".json"))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		result, err := decode(raw)
		if err != nil {
			return fmt.Errorf("%s.json: %w", m.name, err)
		}
		sayf(out, "### %s\n", m.name)
		result.table(out)
	}
	return nil
}
