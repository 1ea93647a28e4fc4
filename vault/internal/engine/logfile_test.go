package engine

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// block is a file in memory that counts its writes.
type block struct {
	vfsutil.SliceFile
	writes, synced int
	broken         error
}

func (b *block) WriteAt(p []byte, at int64) (int, error) {
	if b.broken != nil {
		return 0, b.broken
	}
	b.writes++
	return b.SliceFile.WriteAt(p, at)
}

func (b *block) Sync(vfs.SyncFlag) error { b.synced = len(b.SliceFile); return nil }

func TestGatheredWritesReadAsWritten(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		below := &block{}
		l := &logFile{File: below}
		var want []byte
		at := int64(0)
		for range 400 {
			switch r.IntN(12) {
			case 0: // somewhere before, as when a transaction writes a page again
				at = r.Int64N(int64(len(want)) + 1)
			case 1:
				checkRead(t, r, l, want)
			case 2:
				n, err := l.Size()
				if err != nil || n != int64(len(want)) {
					t.Fatalf("size %d, %v, want %d", n, err, len(want))
				}
			case 3:
				if r.IntN(6) == 0 {
					n := r.Int64N(int64(len(want)) + 1)
					if err := l.Truncate(n); err != nil {
						t.Fatal(err)
					}
					want, at = want[:n], n
				}
			case 4:
				if err := l.Sync(0); err != nil || !bytes.Equal(below.SliceFile, want) {
					t.Fatalf("after a sync the file has %d bytes that differ from the %d written (%v)", len(below.SliceFile), len(want), err)
				}
				if below.synced != len(want) {
					t.Fatalf("synced %d bytes of %d: the rest was written after", below.synced, len(want))
				}
			}
			p := make([]byte, []int{24, 4096, 32, 1 + r.IntN(9000)}[r.IntN(4)])
			for i := range p {
				p[i] = byte(r.Uint32())
			}
			if _, err := l.WriteAt(p, at); err != nil {
				t.Fatal(err)
			}
			if grown := at + int64(len(p)); grown > int64(len(want)) {
				want = append(want, make([]byte, grown-int64(len(want)))...)
			}
			at += int64(copy(want[at:], p))
			if len(l.pending) > gatherSize+9000 {
				t.Fatalf("%d bytes wait", len(l.pending))
			}
		}
		if err := l.Close(); err != nil || !bytes.Equal(below.SliceFile, want) {
			t.Fatalf("seed %d: after the close %d bytes, want %d (%v)", seed, len(below.SliceFile), len(want), err)
		}
	}
}

func checkRead(t *testing.T, r *rand.Rand, l *logFile, want []byte) {
	t.Helper()
	from := r.Int64N(int64(len(want)) + 1)
	p := make([]byte, r.IntN(9000))
	n, err := l.ReadAt(p, from)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if rest := want[from:]; !bytes.Equal(p[:n], rest[:min(len(rest), len(p))]) {
		t.Fatalf("read %d bytes at %d: not what was written", n, from)
	}
}

func TestFramesAreWrittenInWholeBlocks(t *testing.T) {
	below := &block{}
	l := &logFile{File: below}
	at := int64(32)
	for range 100 {
		l.WriteAt(make([]byte, 24), at)
		l.WriteAt(make([]byte, 4096), at+24)
		at += 24 + 4096
	}
	if err := l.Sync(0); err != nil {
		t.Fatal(err)
	}
	if below.writes > 10 || int64(len(below.SliceFile)) != at {
		t.Fatalf("%d writes for %d bytes, want at most 10 for %d", below.writes, len(below.SliceFile), at)
	}
}

// SQLite repeats the last frame over the sync and tells of it: its rest is in the
// file at once.
func TestWhatFollowsASyncDoesNotWait(t *testing.T) {
	below := &block{}
	l := &logFile{File: below}
	at := int64(0)
	put := func(n int) {
		if _, err := l.WriteAt(make([]byte, n), at); err != nil {
			t.Fatal(err)
		}
		at += int64(n)
	}
	put(24)
	put(4096)
	for _, parts := range [][]int{{24, 4096}, {7, 4096}, {4095}} {
		if err := l.Sync(0); err != nil {
			t.Fatal(err)
		}
		for _, n := range parts {
			put(n)
		}
		if int64(len(below.SliceFile)) != at {
			t.Fatalf("%v after a sync: %d bytes in the file of %d", parts, len(below.SliceFile), at)
		}
	}
	put(4096)
	put(24)
	if int64(len(below.SliceFile)) == at {
		t.Fatal("nothing is gathered after the first frame")
	}
}

// A page is as long as a frame is thought to hold.
func TestPageIsThatOfAFrame(t *testing.T) {
	d, _ := openLogged(t)
	var size, synchronous int
	if err := d.Write.QueryRow("SELECT * FROM pragma_page_size, pragma_synchronous").Scan(&size, &synchronous); err != nil {
		t.Fatal(err)
	}
	if size+24 != frameSize || synchronous != 2 {
		t.Fatalf("pages of %d bytes, synchronous %d: gathering rests on %d and 2 (full)", size, synchronous, frameSize-24)
	}
}

// A full disk is told at the latest by the sync on which a commit rests.
func TestAFailedWriteFailsTheSync(t *testing.T) {
	full := errors.New("no space left")
	below := &block{broken: full}
	l := &logFile{File: below}
	if _, err := l.WriteAt(make([]byte, 100), 0); err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(0); !errors.Is(err, full) {
		t.Fatalf("sync says %v", err)
	}
	if _, err := l.WriteAt(make([]byte, gatherSize), 0); !errors.Is(err, full) {
		t.Fatalf("a write that cannot wait says %v", err)
	}
	below.broken = nil
	if err := l.Sync(0); err != nil || len(below.SliceFile) != 0 {
		t.Fatalf("what failed was written later: %d bytes, %v", len(below.SliceFile), err)
	}
}

// What was committed is in the files, as a machine that loses its process finds
// them; what was not is nowhere.
func TestCommittedIsInTheFile(t *testing.T) {
	ctx := t.Context()
	d, key := openLogged(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	total := 0
	for round := range 6 {
		n := 1 + rnd.IntN(400)
		tx := begin(t, d)
		fill(t, tx, round, n)
		assertCopied(t, d.Path, key, total) // before the commit
		if round%3 == 2 {
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		} else {
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			total += n
		}
		assertCopied(t, d.Path, key, total)
	}
	if err := d.Check(ctx); err != nil {
		t.Fatal(err)
	}
}

// Readers of the same file see whole transactions while another connection
// writes more than its cache holds, takes parts back and folds the log in.
func TestReadersSeeWholeTransactions(t *testing.T) {
	d, _ := openLogged(t)
	if _, err := d.Write.Exec("PRAGMA cache_size=20; PRAGMA wal_autocheckpoint=60"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				var odd, wrong int
				err := d.Read.QueryRow("SELECT (SELECT count(*) FROM leaf) % 100, (SELECT count(*) FROM leaf WHERE length(body) <> 700)").Scan(&odd, &wrong)
				if err != nil || odd != 0 || wrong != 0 {
					t.Errorf("a reader saw a part of a transaction: %d, %d, %v", odd, wrong, err)
					return
				}
			}
		})
	}
	for round := range 15 {
		tx := begin(t, d)
		fill(t, tx, round, 50)
		for _, q := range []string{"SAVEPOINT part", "UPDATE leaf SET body = randomblob(10)", "ROLLBACK TO part", "RELEASE part"} {
			if _, err := tx.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		fill(t, tx, 1000+round, 50)
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
	if err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func openLogged(t *testing.T) (*DB, []byte) {
	t.Helper()
	key := bytes.Repeat([]byte{9}, KeySize)
	d, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, err := d.Write.Exec("CREATE TABLE leaf (round INTEGER, n INTEGER, body BLOB, PRIMARY KEY (round, n)) WITHOUT ROWID"); err != nil {
		t.Fatal(err)
	}
	return d, key
}

func begin(t *testing.T, d *DB) *sql.Tx {
	t.Helper()
	tx, err := d.Write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func fill(t *testing.T, tx *sql.Tx, round, n int) {
	t.Helper()
	for i := range n {
		if _, err := tx.Exec("INSERT INTO leaf VALUES (?1, ?2, randomblob(700))", round, i); err != nil {
			t.Fatal(err)
		}
	}
}

// assertCopied opens a copy of the files and counts the rows in it.
func assertCopied(t *testing.T, path string, key []byte, want int) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + end)
		if err == nil {
			err = os.WriteFile(to+end, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(t.Context(), "sqlite:"+to, key)
	if err != nil {
		t.Fatal(fmt.Errorf("open the copy: %w", err))
	}
	defer d.Close()
	var got int
	if err := d.Read.QueryRow("SELECT count(*) FROM leaf").Scan(&got); err != nil || got != want {
		t.Fatalf("the copy has %d rows (%v), want %d", got, err, want)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}
