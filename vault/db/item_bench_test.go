package db

import (
	"testing"

	"tutela/vault/internal/engine"
)

// BenchmarkItem encodes one row of six columns; it has to stay far below the
// price of writing the row.
func BenchmarkItem(b *testing.B) {
	t, err := describe(Table{Name: "thing", Key: 1, Columns: []string{"id", "name", "size", "seen", "bytes", "zone"}}, engine.SQLite,
		map[string]engine.Kind{"id": engine.Text, "name": engine.Text, "size": engine.Int, "seen": engine.Bool,
			"bytes": engine.Bytes, "zone": engine.Text, "act": engine.Text})
	if err != nil {
		b.Fatal(err)
	}
	row := Row{"01ARYZ6S410000000000000000", "a name of forty letters and some spaces .", int64(7), true, make([]byte, 32), nil}
	var buf []byte
	for b.Loop() {
		buf = t.item(buf[:0], Put, row)
	}
}
