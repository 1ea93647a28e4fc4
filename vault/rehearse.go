package vault

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/internal/engine"
	"tutela/vault/jobs"
	"tutela/vault/keys"
)

// Rehearsal is a second vault beside the site, in which everything derived can
// be made again: its rows are what the log says that people decided, in a
// temporary encrypted database with a log and a queue of its own; it reads the
// site's objects and writes new ones to a temporary folder. Nothing of it
// reaches the site, and Close removes it.
type Rehearsal struct {
	*Vault
	of  *Vault
	dir string
}

// Rehearse replays the log into a new rehearsal. Keys of cases and objects,
// which the log does not hold, are copied.
func (v *Vault) Rehearse(ctx context.Context) (r *Rehearsal, err error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(v.Rand, key); err != nil {
		return nil, fault.New(fault.Outside, "vault: no randomness: %w", err)
	}
	dir, err := os.MkdirTemp(v.options.Data, ".rehearsal-*")
	if err != nil {
		return nil, fault.New(fault.Outside, "vault: rehearse: %w", err)
	}
	store, err := v.Store.OpenScratch(ctx, key)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	o := v.options
	o.DB = "" // the queue of the embedded database
	ledger := audit.New(store, v.Keys.Ring, v.Clock, v.Rand)
	r = &Rehearsal{of: v, dir: dir, Vault: &Vault{Store: store, Ledger: ledger, Desk: ledger.As(v.own), Clock: v.Clock, Rand: v.Rand,
		own: v.own, options: o, Keys: Keys{Ring: v.Keys.Ring, Site: v.Keys.Site, Cases: keys.NewCases(v.Keys.Ring, v.own, v.Rand)}}}
	if err := r.fill(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// fill replays the log and opens the rooms.
func (r *Rehearsal) fill(ctx context.Context) error {
	if err := r.of.Ledger.Replay(ctx, r.Store); err != nil {
		return err
	}
	for _, s := range []db.Schema{keys.Schema(), blob.Schema()} {
		for _, t := range s.Tables {
			if t.Unlogged {
				if err := engine.Unlock(r.Store.Raw()).CopyTable(ctx, r.of.Store, t.Name, "rehearsal"); err != nil {
					return err
				}
			}
		}
	}
	own, err := blob.OpenBackend(ctx, r.dir)
	if err != nil {
		return err
	}
	r.Backend = overlay{own, r.of.Backend}
	r.Blobs = blob.NewStore(r.Backend, r.Store, r.Keys.Site.Name, r.Keys.Cases, r.Rand)
	r.Evidence = evidence.New(r.Store, r.Blobs, r.Keys.Site.Row, r.options.Host, r.Clock, r.Rand)
	r.Queue, err = jobs.Open(ctx, jobs.Config{Store: r.Store, Clock: r.Clock, Rand: r.Rand})
	return err
}

// CopyTable takes a table over from the site as it is.
func (r *Rehearsal) CopyTable(ctx context.Context, table string) error {
	return engine.Unlock(r.Store.Raw()).CopyTable(ctx, r.of.Store, table, "rehearsal")
}

// Compare goes through a table of the site and of the rehearsal and calls differ
// for each row that is not the same in both (A is the site's). It returns how
// many rows were compared.
func (r *Rehearsal) Compare(ctx context.Context, table string, differ func(db.Unequal) error) (int64, error) {
	return engine.Unlock(r.of.Store.Raw()).Compare(ctx, r.Store, table, differ)
}

// Close removes the rehearsal.
func (r *Rehearsal) Close() error {
	return errors.Join(r.unfurnish(), r.Store.Close(), os.RemoveAll(r.dir))
}

// overlay writes to one backend and reads from both.
type overlay struct {
	blob.Backend
	below blob.Backend
}

// Open implements blob.Backend.
func (o overlay) Open(ctx context.Context, name string) (blob.Object, error) {
	obj, err := o.Backend.Open(ctx, name)
	if fault.KindOf(err) == fault.NotFound {
		return o.below.Open(ctx, name)
	}
	return obj, err
}

// Stat implements blob.Backend.
func (o overlay) Stat(ctx context.Context, name string) (int64, error) {
	n, err := o.Backend.Stat(ctx, name)
	if fault.KindOf(err) == fault.NotFound {
		return o.below.Stat(ctx, name)
	}
	return n, err
}

// List implements blob.Backend.
func (o overlay) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for _, b := range []blob.Backend{o.Backend, o.below} {
			for i, err := range b.List(ctx) {
				if !yield(i, err) {
					return
				}
			}
		}
	}
}
