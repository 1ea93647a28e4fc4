// Package vault puts the keeping rooms together: keys, database, log, jobs and
// blobs of one site behind one door. It promises that nothing opens without a
// key of the site; it never founds a site implicitly.
//
// A data directory holds
//
//	format.json    layout version and where rows and blobs are, written last
//	keyring.json   public keyring with the wrapped site bundle
//	tutela.db      rows, encrypted (embedded database only), with -wal and -shm
//	blobs/         encrypted objects (folder store only)
//	lock           held shared by every process that uses the directory, and
//	               exclusively while a site is founded or restored
//
// Private keys never lie in it.
package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
	"tutela/vault/internal/engine"
	"tutela/vault/keys"
)

// Options say where a site keeps its things and who is at the door.
type Options struct {
	Data    string       // data directory
	DB      string       // "" = embedded in Data; "postgres://…"
	Blobs   string       // "" = folder in Data; "s3://…"
	Actor   keys.Private // who acts
	Schemas []db.Schema  // of the rooms above the vault, in the order of the floors
	Clock   func() time.Time
	Rand    io.Reader
	Host    string // "" = the machine's name
}

func (o Options) complete() (Options, error) {
	if o.Data == "" || o.Actor == nil {
		return o, fault.New(fault.Invalid, "vault: a data directory and a key are needed")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	o.Rand = &shared{src: o.Rand}
	if o.Host == "" {
		var err error
		if o.Host, err = hostname(); err != nil {
			return o, err
		}
	}
	return o, keys.CheckPlace(o.Actor, o.Data)
}

// Founding is what the first act of a site needs to know.
type Founding struct {
	Officer  string            // name of the first officer
	Recovery string            // where the recovery key is written, once; outside Data
	Why      string            // reason of the first act
	Detail   map[string]string // further parameters of the first act (agency, country)
	// First writes the first rows of the rooms above (agency, officer), in the
	// founding act itself. May be nil.
	First func(context.Context, *db.Writer) error
}

// Keys are the keys of the site in the hands of the actor.
type Keys struct {
	Ring  *keys.Ring
	Site  *keys.Site // the bundle as it was when the vault was opened
	Cases *keys.Cases
}

// Vault is an open site.
type Vault struct {
	Store  *db.Store
	Ledger *audit.Ledger
	Desk   *audit.Desk // the ledger in the hands of Options.Actor
	Keys   Keys
	Clock  func() time.Time
	Rand   io.Reader

	own     keys.Private
	options Options
	lock    *lockFile
	keeping // the rooms of keeping.go
}

// Actor returns whose key opened the vault.
func (v *Vault) Actor() keys.Private { return v.own }

// Data returns the data directory.
func (v *Vault) Data() string { return v.options.Data }

// Now returns the time in µs UTC.
func (v *Vault) Now() int64 { return v.Clock().UnixMicro() }

const embeddedFile = "tutela.db"

// Create founds a site in an empty data directory and opens it. What it leaves
// behind when it is interrupted is not a site and is founded over.
func Create(ctx context.Context, o Options, f Founding) (*Vault, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if f.Officer == "" || f.Recovery == "" {
		return nil, fault.New(fault.Invalid, "vault: founding a site needs an officer's name and a place for the recovery key")
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fault.New(fault.Outside, "vault: %w", err)
	}
	lock, err := takeLock(o.Data, true)
	if err != nil {
		return nil, err
	}
	v, err := found(ctx, o, f)
	if err != nil {
		lock.release()
		return nil, err
	}
	v.lock = lock
	return v, lock.share()
}

func found(ctx context.Context, o Options, f Founding) (v *Vault, err error) {
	if err := clearRoom(o); err != nil {
		return nil, err
	}
	now := o.Clock()
	id, err := ids.New(now, o.Rand)
	if err != nil {
		return nil, fault.New(fault.Outside, "vault: no randomness: %w", err)
	}
	first := o.Actor.Public()
	first.Name, first.Kind = f.Officer, keys.Officer
	ring, err := keys.Found(o.Data, id, f.Recovery, first, now.UnixMicro(), o.Rand)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil { // a recovery key of nothing would only stand in the way
			os.Remove(f.Recovery)
		}
	}()
	if _, err := ring.Unlock(o.Actor); err != nil {
		return nil, err
	}
	store, err := db.Open(ctx, config(o, ring.Secrets()))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			store.Close()
		}
	}()
	if _, there, err := keys.Fetch(ctx, engine.Unlock(store.Raw()).Read()); err != nil {
		return nil, err
	} else if there {
		return nil, fault.New(fault.Refused, "vault: the database holds a site already")
	}
	if v, err = assemble(ctx, o, ring, store); err != nil {
		return nil, err
	}
	if f.Why == "" {
		f.Why = "founding the site"
	}
	act := audit.Act{Class: audit.Collection, Verb: "site.found", Object: id, Why: f.Why, Detail: f.Detail}
	_, err = v.Desk.Do(ctx, act, func(w *db.Writer) error {
		if err := ring.Put(ctx, w); err != nil || f.First == nil {
			return err
		}
		return f.First(ctx, w)
	})
	if err != nil {
		return nil, err
	}
	// The keyring before the mark: a directory with the mark can be opened.
	return v, errors.Join(ring.Save(), writeFormat(o, id))
}

// clearRoom refuses a directory with a site, and removes what an interrupted
// founding has left: rows and blobs that no key opens.
func clearRoom(o Options) error {
	if _, err := os.Stat(filepath.Join(o.Data, formatFile)); err == nil {
		return fault.Hint(fault.New(fault.Refused, "vault: %s holds a site already", o.Data), "Choose another directory with --data.")
	}
	if _, err := os.Stat(filepath.Join(o.Data, keys.FileName)); err == nil {
		return fault.New(fault.Refused, "vault: %s holds the keyring of a site", o.Data)
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		err := os.Remove(filepath.Join(o.Data, embeddedFile+suffix))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.New(fault.Outside, "vault: %w", err)
		}
	}
	return nil
}

// Open opens the site of a data directory. With a PostgreSQL database the
// directory may be empty: the keyring is then fetched from the database.
func Open(ctx context.Context, o Options) (v *Vault, err error) {
	o, err = o.complete()
	if err != nil {
		return nil, err
	}
	if err := readFormat(&o); err != nil {
		return nil, err
	}
	lock, err := takeLock(o.Data, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.release()
		}
	}()
	ring, store, err := unlock(ctx, o)
	if err != nil {
		return nil, err
	}
	if v, err = assemble(ctx, o, ring, store); err != nil {
		store.Close()
		return nil, err
	}
	v.lock = lock
	return v, nil
}

// unlock opens keyring and database, in the order that the engine asks for.
func unlock(ctx context.Context, o Options) (*keys.Ring, *db.Store, error) {
	ring, err := keys.Load(o.Data)
	if fault.KindOf(err) == fault.NotFound && postgres(o) {
		return fetch(ctx, o)
	}
	if err != nil {
		return nil, nil, err
	}
	site, err := ring.Unlock(o.Actor)
	if err != nil {
		return nil, nil, err
	}
	store, err := db.Open(ctx, config(o, site))
	if err != nil {
		return nil, nil, err
	}
	view, err := ring.At(ctx, engine.Unlock(store.Raw()).Read())
	if err == nil {
		err = ring.Install(view)
	}
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return ring, store, nil
}

func fetch(ctx context.Context, o Options) (*keys.Ring, *db.Store, error) {
	store, err := db.Open(ctx, config(o, nil))
	if err != nil {
		return nil, nil, err
	}
	ring, err := func() (*keys.Ring, error) {
		body, ok, err := keys.Fetch(ctx, engine.Unlock(store.Raw()).Read())
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fault.Hint(fault.New(fault.NotFound, "vault: the database holds no site"), "Create one with: tutela init")
		}
		ring, err := keys.Decode(o.Data, body)
		if err != nil {
			return nil, err
		}
		if _, err := ring.Unlock(o.Actor); err != nil {
			return nil, err
		}
		return ring, errors.Join(ring.Save(), writeFormat(o, ring.View().SiteID()))
	}()
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return ring, store, nil
}

func postgres(o Options) bool {
	return strings.HasPrefix(o.DB, "postgres://") || strings.HasPrefix(o.DB, "postgresql://")
}

func config(o Options, site *keys.Site) db.Config {
	c := db.Config{URL: o.DB, Schemas: schemas(o)}
	if !postgres(o) {
		c.URL, c.Key = "sqlite:"+filepath.Join(o.Data, embeddedFile), site.DB
	}
	return c
}

func assemble(ctx context.Context, o Options, ring *keys.Ring, store *db.Store) (*Vault, error) {
	ledger := audit.New(store, ring, o.Clock, o.Rand)
	v := &Vault{Store: store, Ledger: ledger, Desk: ledger.As(o.Actor), Clock: o.Clock, Rand: o.Rand, own: o.Actor, options: o,
		Keys: Keys{Ring: ring, Site: ring.Secrets(), Cases: keys.NewCases(ring, o.Actor, o.Rand)}}
	return v, v.furnish(ctx)
}

// Close closes the database and lets go of the directory.
func (v *Vault) Close() error { return errors.Join(v.unfurnish(), v.Store.Close(), v.lock.release()) }
