package db

import (
	"context"
	"database/sql"

	"tutela/fault"
	"tutela/vault/internal/engine"
)

// Raw is the side of a Store that needs no act: it is for the rooms below vault,
// which alone can call engine.Unlock. The zero value does nothing.
type Raw struct{ s *Store }

// Raw returns the raw side, locked: whoever cannot name package engine can hold
// it and do nothing with it.
func (s *Store) Raw() engine.Locked[Raw] { return engine.Lock(Raw{s}) }

// RawWriter is the side of a Writer that no act records. The zero value does
// nothing.
type RawWriter struct{ w *Writer }

// Raw returns the raw side of the transaction, locked.
func (w *Writer) Raw() engine.Locked[RawWriter] { return engine.Lock(RawWriter{w}) }

// errEmpty is the answer of a handle that no store has given out.
func errEmpty() error {
	return fault.New(fault.Refused, "db: this handle was not given out by a store")
}

// Read returns a read-only handle; packages above get theirs from audit in
// exchange for a recorded consultation.
func (r Raw) Read() *Reader {
	if r.s == nil {
		return nil // refuses every question
	}
	return &Reader{store: r.s, pool: r.s.eng.Read}
}

// Bind names the act whose id fills the column act from now on.
func (r RawWriter) Bind(act string) { r.w.act = act }

// Items returns what was written so far, in order.
func (r RawWriter) Items() []Item { return r.w.items }

// SQLTx returns the transaction itself, for a queue that enqueues in it.
func (r RawWriter) SQLTx() *sql.Tx { return r.w.tx }

// Exec runs a statement on tables that belong to no act (log, queue).
// Placeholders are ?1, ?2, …
func (r RawWriter) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if r.w == nil {
		return nil, errEmpty()
	}
	st, err := r.w.store.prepare(query, args)
	if err != nil {
		return nil, err
	}
	res, err := r.w.tx.ExecContext(ctx, st.Text, args...)
	if err != nil {
		return nil, engine.Classify(ctx, "write", err)
	}
	return res, nil
}

// Returning runs a statement that changes rows and returns some (RETURNING, FOR
// UPDATE) on tables that belong to no act.
func (r RawWriter) Returning(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if r.w == nil {
		return nil, errEmpty()
	}
	st, err := r.w.store.prepare(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := r.w.tx.QueryContext(ctx, st.Text, args...)
	if err != nil {
		return nil, engine.Classify(ctx, "write", err)
	}
	return rows, nil
}
