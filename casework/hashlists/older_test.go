package hashlists

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault/db"
	"tutela/vault/pgtest"
	"tutela/vault/vaulttest"
)

// TestOlderSites opens a site as it was before details, deltas and withdrawals were
// kept: its lists answer, are sound, and can be read from their documents again.
func TestOlderSites(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.URL} {
		t.Run(name, func(t *testing.T) {
			older := Schema()
			older.Migrations, older.Tables = older.Migrations[:1], older.Tables[:2]
			v, site := vaulttest.OpenAt(t, url(t), older)
			text := "md5,category,note,size\n" + fmt.Sprintf("%032x,2,told,77\n", 1_000_001)
			l := described("L1", "1", CSAM, text)
			e := Entry{Algorithm: "md5", Value: key(1), List: "L1", Number: 1, Category: "2", State: Active}
			sum := sha256.New()
			io.WriteString(sum, e.line())
			l.Format, l.Entries, l.Values, l.Digest, l.State = "csv", 1, 1, digest.ID(sum.Sum(nil)), Active
			if err := do(t, v, func(ctx context.Context, w *db.Writer) error {
				if err := w.Put(ctx, listTable, l.row()); err != nil {
					return err
				}
				return w.Put(ctx, entryTable, e.row())
			}); err != nil {
				t.Fatal(err)
			}
			v.Close()
			site.Options.Schemas = []db.Schema{Schema()}
			v = vaulttest.Reopen(t, site, site.Options.Actor)
			q := reader(t, v)
			got, err := Find(t.Context(), q, "L1")
			if err != nil || got != l || got.Delta || got.read {
				t.Fatalf("%+v, %v", got, err)
			}
			if err := Check(t.Context(), q, got); err != nil {
				t.Error(err)
			}
			if err := do(t, v, func(ctx context.Context, w *db.Writer) error { return Refill(ctx, w, got, random([]byte(text))) }); err != nil {
				t.Error(err)
			}
			if n, err := db.Collect(t.Context(), q, scanDetail, selectDetail); err != nil || len(n) != 0 {
				t.Errorf("a refill adds details: %v, %v", n, err)
			}
			for problem, err := range v.Ledger.Check(t.Context()) {
				t.Errorf("the log: %+v, %v", problem, err)
			}
			newer := "md5\n" + fmt.Sprintf("%032x\n", 1_000_002)
			if _, err := bring(t, v, described("L2", "2", CSAM, newer), newer, hashlist.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
}
