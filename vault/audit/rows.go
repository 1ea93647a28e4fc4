package audit

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/keys"
)

// erasedTable is the one table of the log that is itself logged.
func erasedTable() db.Table {
	return db.Table{Name: "log_erased", Columns: []string{"erased_act", "place", "what"}, Key: 2}
}

// Schema returns the room's tables. Those of the log itself cannot be named in a
// Put: only this package writes them.
func Schema() db.Schema {
	return db.Schema{Room: "audit", Tables: []db.Table{erasedTable()}, Migrations: []string{`
CREATE TABLE log_act (idx BIGINT PRIMARY KEY, act TEXT NOT NULL UNIQUE, at_us BIGINT, class TEXT, verb TEXT, case_id TEXT, object TEXT, actor TEXT, header BYTEA, signature BYTEA, salt BYTEA, commitment BYTEA NOT NULL);
CREATE INDEX log_act_case ON log_act (case_id, idx);
CREATE INDEX log_act_object ON log_act (object, idx);
CREATE TABLE log_item (idx BIGINT PRIMARY KEY, seed BYTEA NOT NULL, items BYTEA NOT NULL);
CREATE TABLE log_hash (id BIGINT PRIMARY KEY, hash BYTEA NOT NULL);
CREATE TABLE log_head (id BIGINT PRIMARY KEY, size BIGINT NOT NULL, edge BYTEA NOT NULL, note TEXT NOT NULL);
CREATE TABLE log_checkpoint (size BIGINT PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE log_erased (erased_act TEXT NOT NULL, place BIGINT NOT NULL, what TEXT NOT NULL, act TEXT NOT NULL, PRIMARY KEY (erased_act, place));
`}}
}

// head is the right edge of the log.
type head struct {
	size int64
	edge proof.Edge
	note string
}

const headQuery = `SELECT size, edge, note FROM log_head WHERE id = 1`

// readHead reads the head. A new database has none yet: size 0.
func readHead(ctx context.Context, q db.Queryer) (head, error) {
	h, _, err := db.One(ctx, q, scanHead, headQuery)
	return h, err
}

// lockHead reads the head and keeps others from moving it until w's transaction
// ends. SQLite has one writer anyway.
func (l *Ledger) lockHead(ctx context.Context, w *db.Writer) (head, error) {
	if l.store.Dialect() != "postgres" {
		return readHead(ctx, w)
	}
	rows, err := engine.Unlock(w.Raw()).Returning(ctx, headQuery+" FOR UPDATE")
	if err != nil {
		return head{}, err
	}
	defer rows.Close()
	var h head
	for rows.Next() {
		if h, err = scanHead(rows); err != nil {
			return head{}, err
		}
	}
	return h, rows.Err()
}

func scanHead(r *sql.Rows) (h head, err error) {
	var edge []byte
	if err := r.Scan(&h.size, &edge, &h.note); err != nil {
		return h, err
	}
	const n = len(proof.Hash{})
	for ; len(edge) >= n; edge = edge[n:] {
		h.edge = append(h.edge, proof.Hash(edge[:n]))
	}
	if len(edge) != 0 {
		return h, fault.New(fault.Corrupt, "audit: the head of the log is damaged")
	}
	return h, nil
}

// append adds entries to the log and signs a checkpoint, all in w's transaction;
// the head is locked last and briefly. It returns the index of the first entry.
func (l *Ledger) append(ctx context.Context, w *db.Writer, site *keys.Site, entries ...*entry) (int64, error) {
	h, err := l.lockHead(ctx, w)
	if err != nil {
		return 0, err
	}
	first, edge := h.size, h.edge
	var hashes []proof.Hash
	for i, e := range entries {
		if err := e.insert(ctx, w, first+int64(i)); err != nil {
			return 0, err
		}
		var stored []proof.Hash
		edge, stored = edge.Append(first+int64(i), e.commitment)
		hashes = append(hashes, stored...)
	}
	if err := insertHashes(ctx, w, tlog.StoredHashIndex(0, first), hashes); err != nil {
		return 0, err
	}
	size := first + int64(len(entries))
	note := proof.Checkpoint{Origin: site.Origin, Size: size, Root: edge.Root()}.Sign(site.Log)
	return first, putHead(ctx, w, h.size == 0, size, edge, note)
}

func putHead(ctx context.Context, w *db.Writer, first bool, size int64, edge proof.Edge, note string) error {
	var flat []byte
	for _, h := range edge {
		flat = append(flat, h[:]...)
	}
	query := `UPDATE log_head SET size = ?1, edge = ?2, note = ?3 WHERE id = 1`
	if first {
		query = `INSERT INTO log_head (id, size, edge, note) VALUES (1, ?1, ?2, ?3)`
	}
	if err := exec(ctx, w, query, size, flat, note); err != nil {
		return err
	}
	return exec(ctx, w, `INSERT INTO log_checkpoint (size, note) VALUES (?1, ?2)`, size, note)
}

// insertHashes stores hashes under consecutive ids, in portions.
func insertHashes(ctx context.Context, w *db.Writer, id int64, hashes []proof.Hash) error {
	for len(hashes) > 0 {
		portion := hashes[:min(len(hashes), 200)]
		hashes = hashes[len(portion):]
		var q strings.Builder
		q.WriteString(`INSERT INTO log_hash (id, hash) VALUES `)
		args := make([]any, 0, 2*len(portion))
		for i := range portion {
			if i > 0 {
				q.WriteString(", ")
			}
			fmt.Fprintf(&q, "(?%d, ?%d)", 2*i+1, 2*i+2)
			args = append(args, id, portion[i][:])
			id++
		}
		if err := exec(ctx, w, q.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

func exec(ctx context.Context, w *db.Writer, query string, args ...any) error {
	if _, err := engine.Unlock(w.Raw()).Exec(ctx, query, args...); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// hashReader reads stored hashes for proofs.
func hashReader(ctx context.Context, q db.Queryer) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		type row struct {
			id   int64
			hash []byte
		}
		scan := func(r *sql.Rows) (x row, err error) { err = r.Scan(&x.id, &x.hash); return x, err }
		rows, err := db.CollectIn(ctx, q, scan, `SELECT id, hash FROM log_hash WHERE id IN (?*)`, indexes)
		if err != nil {
			return nil, err
		}
		byID := map[int64][]byte{}
		for _, r := range rows {
			byID[r.id] = r.hash
		}
		out := make([]tlog.Hash, len(indexes))
		for i, id := range indexes {
			if len(byID[id]) != len(out[i]) {
				return nil, fault.New(fault.Corrupt, "audit: stored hash %d is missing", id)
			}
			copy(out[i][:], byID[id])
		}
		return out, nil
	})
}
