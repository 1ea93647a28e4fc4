package db_test

import (
	"fmt"
	"testing"

	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

// BenchmarkPut writes acts of 1000 rows: 44 bytes of key, 40 of text, a number
// and 32 bytes each.
func BenchmarkPut(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchPut(b, sqliteURL(b), nil) })
	b.Run("sqlite-encrypted", func(b *testing.B) { benchPut(b, sqliteURL(b), secret()) })
	b.Run("postgres", func(b *testing.B) { benchPut(b, pgtest.URL(b), nil) })
}

func benchPut(b *testing.B, url string, secret []byte) {
	s := openAt(b, url, secret, kitSchema())
	const n = 1000
	act := 0
	for b.Loop() {
		act++
		rows := make([]db.Row, n)
		for i := range rows {
			rows[i] = db.Row{fmt.Sprintf("%044d", act*n+i), "a name of forty letters and some spaces .", int64(i), true, make([]byte, 32), nil}
		}
		err := engine.Unlock(s.Raw()).Write(b.Context(), func(w *db.Writer) error {
			engine.Unlock(w.Raw()).Bind("01ARYZ6S410000000000000000")
			return w.Put(b.Context(), things, rows...)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/row")
}

// BenchmarkOneRow writes acts of one row: the price of an act's transaction.
func BenchmarkOneRow(b *testing.B) {
	for _, c := range []struct{ name, url string }{{"sqlite-encrypted", sqliteURL(b)}, {"postgres", ""}} {
		b.Run(c.name, func(b *testing.B) {
			if c.url == "" {
				c.url = pgtest.URL(b)
			}
			s := openAt(b, c.url, secret(), kitSchema())
			for i := 0; b.Loop(); i++ {
				err := engine.Unlock(s.Raw()).Write(b.Context(), func(w *db.Writer) error {
					engine.Unlock(w.Raw()).Bind("x")
					return w.Put(b.Context(), things, thing(fmt.Sprint(i), "x"))
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
