package db_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/pgtest"
)

const (
	envKill  = "TUTELA_DB_KILL" // address of the database for the child
	killRows = 40               // rows of an act
)

func TestKillSQLite(t *testing.T)   { killed(t, sqliteURL(t)) }
func TestKillPostgres(t *testing.T) { killed(t, pgtest.URL(t)) }

// TestKillChild is the process that is killed: it writes acts and says after
// each how many are over.
func TestKillChild(t *testing.T) {
	url := os.Getenv(envKill)
	if url == "" {
		t.Skip("is run by the kill tests")
	}
	s := openAt(t, url, secret(), kitSchema())
	for a := int(count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_thing")) / killRows; ; a++ {
		act(t, s, "x", func(ctx context.Context, w *db.Writer) error {
			for r := range killRows {
				if err := w.Put(ctx, things, thing(fmt.Sprintf("%d-%d", a, r), strings.Repeat("x", 100*r))); err != nil {
					return err
				}
			}
			return nil
		})
		fmt.Println("done", a+1)
	}
}

// killed kills the child in the middle of writing, a few times, and demands
// that every act it reported is there, and no part of another.
func killed(t *testing.T, url string) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	total := 0
	for round := range 4 {
		var out bytes.Buffer
		child := exec.Command(os.Args[0], "-test.run=^TestKillChild$")
		child.Env = append(os.Environ(), envKill+"="+url)
		child.Stdout = &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(250+37*round) * time.Millisecond)
		child.Process.Kill()
		child.Wait()
		reported := 0
		for line := range strings.Lines(out.String()) {
			if n, _ := fmt.Sscanf(line, "done %d\n", &reported); n != 1 && strings.HasSuffix(line, "\n") {
				t.Fatalf("the child says %q", out.String())
			}
		}
		err := once(t, url, secret(), kitSchema(), func(s *db.Store) {
			n := int(count(t, engine.Unlock(s.Raw()).Read(), "SELECT COUNT(*) FROM kit_thing"))
			total = n
			if n%killRows != 0 || n/killRows < reported || n/killRows > reported+1 && reported > 0 {
				t.Errorf("round %d: %d rows, %d acts of %d were reported", round, n, reported, killRows)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if total == 0 {
		t.Error("no child got as far as writing an act")
	}
}

// TestDamage overwrites the middle of the file, as a failing disk does.
func TestDamage(t *testing.T) {
	url, file := fileURL(t)
	err := once(t, url, secret(), kitSchema(), func(s *db.Store) {
		act(t, s, "x", func(ctx context.Context, w *db.Writer) error {
			var rows []db.Row
			for i := range 2000 {
				rows = append(rows, thing(fmt.Sprint(i), strings.Repeat("x", 50)))
			}
			return w.Put(ctx, things, rows...)
		})
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	err = once(t, url, secret(), kitSchema(), func(s *db.Store) {
		if err := s.Check(t.Context()); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("one bit is wrong, and the check says %v", err)
		}
	})
	if err != nil && fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
}
