package audit_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/keys"
	"tutela/vault/vaulttest"
)

func prove(t *testing.T, v *vault.Vault, act string, place int) (proof.Proof, proof.Trust) {
	t.Helper()
	p, err := v.Ledger.Prove(context.Background(), reader(t, v), act, place)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := v.Ledger.Trust(p.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return p, trust
}

func TestProve(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		r := write(t, v, "a", "b", "c")
		write(t, v, "d")
		p, trust := prove(t, v, r.Act, 1)
		text, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "text of a") || len(p.ItemPath) != 10 {
			t.Error("the proof reveals a neighbour or their number")
		}
		again, err := proof.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := proof.VerifyProof(again, trust)
		if err != nil || string(got.Item) != `{"op":"put","row":{"id":"b","text":"text of b"},"table":"note"}` || got.Header.Act != r.Act {
			t.Errorf("opened %s, %v", got.Item, err)
		}
		whole, trust := prove(t, v, r.Act, -1)
		if got, err := proof.VerifyProof(whole, trust); err != nil || got.Item != nil {
			t.Errorf("proof of the act alone: %v", err)
		}
		other, _, _ := ed25519.GenerateKey(rand.Reader)
		for name, bad := range map[string]proof.Trust{
			"other origin": {Origin: trust.Origin + "x", LogKey: trust.LogKey, Actors: trust.Actors},
			"other key":    {Origin: trust.Origin, LogKey: other, Actors: trust.Actors},
			"other actors": {Origin: trust.Origin, LogKey: trust.LogKey, Actors: []ed25519.PublicKey{other}},
			"no actors":    {Origin: trust.Origin, LogKey: trust.LogKey},
		} {
			if _, err := proof.VerifyProof(p, bad); err == nil {
				t.Errorf("%s: verified", name)
			}
		}
	})
}

func TestEveryByteOfAProofCounts(t *testing.T) {
	v := vaulttest.Open(t, schema())
	r := write(t, v, "a", "b")
	write(t, v, "c")
	p, trust := prove(t, v, r.Act, 0)
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		changed := append([]byte(nil), text...)
		changed[i] ^= 1 << (i % 7)
		if q, err := proof.Parse(changed); err == nil {
			if _, err := proof.VerifyProof(q, trust); err == nil {
				t.Errorf("change of byte %d of %d (%q) is not seen", i, len(text), text[max(0, i-20):i+1])
			}
		}
	}
}

func TestConsistency(t *testing.T) {
	v := vaulttest.Open(t, schema())
	ctx := context.Background()
	var notes []string
	for i := range 7 {
		write(t, v, fmt.Sprint(i))
		note, err := v.Ledger.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		notes = append(notes, note)
	}
	q := reader(t, v)
	open := func(note string) proof.Checkpoint {
		trust, err := v.Ledger.Trust(note)
		if err != nil {
			t.Fatal(err)
		}
		c, err := proof.OpenCheckpoint(note, trust.Origin, trust.LogKey)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for i := range notes {
		for j := i; j < len(notes); j++ {
			path, err := v.Ledger.Consistency(ctx, q, notes[i], notes[j])
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.CheckConsistency(open(notes[i]), open(notes[j]), path); err != nil {
				t.Errorf("%d to %d: %v", i, j, err)
			}
			forged := open(notes[i])
			forged.Root[0] ^= 1
			if err := proof.CheckConsistency(forged, open(notes[j]), path); err == nil {
				t.Errorf("%d to %d: another log passes", i, j)
			}
		}
	}
}

func TestEraseKeepsProofs(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		ctx := context.Background()
		r := write(t, v, "a", "b")
		lone := write(t, v, "c")
		before, trust := prove(t, v, r.Act, 1)
		erase := audit.Act{Class: audit.Erasure, Verb: "note.erase", Case: "case-1", Why: "art. 16"}
		_, err := v.Desk.Do(ctx, erase, func(w *db.Writer) error {
			n, err := audit.Erase(ctx, w, audit.Selector{Case: "case-1", Match: func(table string, row map[string]json.RawMessage) bool {
				return table == "note" && (string(row["id"]) == `"a"` || string(row["id"]) == `"c"`)
			}})
			if err != nil || n != 2 {
				return fmt.Errorf("erased %d: %w", n, err)
			}
			if _, err := audit.Erase(ctx, w, audit.Selector{Act: lone.Act, Header: true}); err != nil {
				return err
			}
			if _, err := audit.Erase(ctx, w, audit.Selector{Act: r.Act, Places: []int{0}, Header: true}); fault.KindOf(err) != fault.Refused {
				t.Errorf("header with a standing item: %v, want refused", err)
			}
			return w.Delete(ctx, noteTable(), db.Row{"a"}, db.Row{"c"})
		})
		if err != nil {
			t.Fatal(err)
		}
		mustBeClean(t, v)
		if _, err := proof.VerifyProof(before, trust); err != nil {
			t.Errorf("a proof from before: %v", err)
		}
		after, trust := prove(t, v, r.Act, 1)
		if _, err := proof.VerifyProof(after, trust); err != nil {
			t.Errorf("a proof of the neighbour: %v", err)
		}
		q := reader(t, v)
		if _, err := v.Ledger.Prove(ctx, q, r.Act, 0); fault.KindOf(err) != fault.NotFound {
			t.Errorf("proof of an erased item: %v", err)
		}
		if _, err := v.Ledger.Prove(ctx, q, lone.Act, -1); fault.KindOf(err) != fault.NotFound {
			t.Errorf("proof of an erased act: %v", err)
		}
	})
}

func TestReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		ctx := context.Background()
		write(t, v, "a", "b")
		write(t, v, "b", "c")
		_, err := v.Desk.Do(ctx, act("x"), func(w *db.Writer) error {
			if err := w.Put(ctx, madeTable(), db.Row{"d", "derived"}); err != nil {
				return err
			}
			return w.Delete(ctx, noteTable(), db.Row{"a"})
		})
		if err != nil {
			t.Fatal(err)
		}
		key := make([]byte, 32)
		rand.Read(key)
		scratch, err := v.Store.OpenScratch(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		defer scratch.Close()
		if err := v.Ledger.Replay(ctx, scratch); err != nil {
			t.Fatal(err)
		}
		for _, table := range v.Store.Tables() {
			want, got := dump(t, v.Store, table.Name), dump(t, scratch, table.Name)
			if table.Derived || table.Unlogged {
				want = ""
			}
			if got != want {
				t.Errorf("table %s: replayed\n%s\nwant\n%s", table.Name, got, want)
			}
		}
	})
}

func dump(t *testing.T, s *db.Store, table string) string {
	t.Helper()
	var b strings.Builder
	for row, err := range engine.Unlock(s.Raw()).Dump(context.Background(), table) {
		if err != nil {
			t.Fatal(err)
		}
		b.Write(row)
		b.WriteByte('\n')
	}
	return b.String()
}

// tileDir reads exported tiles the way a stranger would.
type tileDir string

func (d tileDir) Height() int { return 8 }
func (d tileDir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(d), path))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}
func (d tileDir) SaveTiles([]tlog.Tile, [][]byte) {}

func TestTilesRecomputeTheRoot(t *testing.T) {
	v := vaulttest.Open(t, schema())
	ctx := context.Background()
	for i := range 300 {
		if i%100 == 0 {
			write(t, v, fmt.Sprint(i))
		} else if i < 260 {
			reader(t, v)
		}
	}
	q, dir := reader(t, v), t.TempDir()
	if err := v.Ledger.ExportTiles(ctx, q, dir); err != nil {
		t.Fatal(err)
	}
	note, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := v.Ledger.Trust(string(note))
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.OpenCheckpoint(string(note), trust.Origin, trust.LogKey)
	if err != nil || c.Size < 256 {
		t.Fatalf("checkpoint of %d entries: %v", c.Size, err)
	}
	tree := tlog.Tree{N: c.Size, Hash: tlog.Hash(c.Root)}
	hashes := tlog.TileHashReader(tree, tileDir(dir))
	entries, err := os.ReadFile(filepath.Join(dir, "tile", "entries", "000"))
	if err != nil || len(entries) != 256*34 {
		t.Fatalf("entry bundle of %d bytes: %v", len(entries), err)
	}
	for i := range int64(256) {
		record := entries[i*34+2 : i*34+34]
		got, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		if err != nil || got[0] != tlog.RecordHash(record) {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
}

func TestNewEpoch(t *testing.T) {
	onBoth(t, func(t *testing.T, v *vault.Vault) {
		ctx := context.Background()
		r := write(t, v, "a")
		old, trust := prove(t, v, r.Act, 0)
		a := audit.Act{Class: audit.Alteration, Verb: "log.epoch", Why: "yearly change", Detail: map[string]string{"checkpoint": old.Checkpoint}}
		_, err := v.Desk.Do(ctx, a, func(w *db.Writer) error {
			return v.Keys.Ring.NewEpoch(ctx, w, keys.Rotated, v.Now(), rand.Reader)
		})
		if err != nil {
			t.Fatal(err)
		}
		write(t, v, "b")
		mustBeClean(t, v, old.Checkpoint)
		if _, err := proof.VerifyProof(old, trust); err != nil {
			t.Errorf("a proof of the old epoch: %v", err)
		}
		p, now := prove(t, v, r.Act, 0)
		if now.Origin != trust.Origin+"/2" {
			t.Errorf("origin %q after %q", now.Origin, trust.Origin)
		}
		if _, err := proof.VerifyProof(p, now); err != nil {
			t.Errorf("a proof in the new epoch: %v", err)
		}
		if _, err := proof.VerifyProof(p, trust); err == nil {
			t.Error("the old key vouches for the new epoch")
		}
	})
}
