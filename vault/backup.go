package vault

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// Backup writes a tar file with everything of the site but private keys: the
// database first, then keyring, mark and objects, so that every object that the
// copied database names is in it (unless it is erased meanwhile), and last the
// SHA-256 of each. All of it is as encrypted as in place. Taking a backup is an
// act.
func (v *Vault) Backup(ctx context.Context, file, why string) (err error) {
	if k := kindOf(v.options); k.DB != "sqlite" || k.Blobs != "folder" {
		return fault.Hint(fault.New(fault.Refused, "vault: backup: rows or blobs are on a server"), "Use pg_dump and the object store's own copy, and keep keyring.json with them; after bringing them back: tutela key rotate --log.")
	}
	act := audit.Act{Class: audit.Disclosure, Verb: "site.backup", Object: v.Keys.Site.ID, Why: why}
	if _, err := v.Desk.Do(ctx, act, func(*db.Writer) error { return nil }); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(v.options.Data, ".backup-*")
	if err != nil {
		return fault.New(fault.Outside, "vault: backup: %w", err)
	}
	defer os.RemoveAll(tmp)
	copied := filepath.Join(tmp, embeddedFile)
	if err := v.Store.Backup(ctx, copied); err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.Hint(fault.New(fault.Refused, "vault: backup: %s is there already", file), "Choose another name: a backup is never overwritten.")
	}
	if err != nil {
		return fault.New(fault.Outside, "vault: backup: %w", err)
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			os.Remove(file)
		}
	}()
	p := &packer{tw: tar.NewWriter(out)}
	if err := v.pack(ctx, p, copied); err != nil {
		return err
	}
	if err := errors.Join(p.tw.Close(), out.Sync()); err != nil {
		return fault.New(fault.Outside, "vault: backup: %w", err)
	}
	return nil
}

func (v *Vault) pack(ctx context.Context, p *packer, database string) error {
	if err := p.add(backupMark, strings.NewReader(backupText), int64(len(backupText))); err != nil {
		return err
	}
	files := [][2]string{{embeddedFile, database},
		{keys.FileName, filepath.Join(v.options.Data, keys.FileName)},
		{formatFile, filepath.Join(v.options.Data, formatFile)}}
	for _, f := range files {
		if err := packFile(p, f[0], f[1]); err != nil {
			return err
		}
	}
	for o, err := range v.Backend.List(ctx) {
		if err != nil {
			return err
		}
		if err := v.packObject(ctx, p, o.Name); err != nil {
			return err
		}
	}
	return p.finish()
}

func packFile(p *packer, name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fault.New(fault.Outside, "vault: backup: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fault.New(fault.Outside, "vault: backup: %w", err)
	}
	return p.add(name, io.LimitReader(f, info.Size()), info.Size())
}

func (v *Vault) packObject(ctx context.Context, p *packer, name string) error {
	o, err := v.Backend.Open(ctx, name)
	if fault.KindOf(err) == fault.NotFound {
		return nil // erased meanwhile
	}
	if err != nil {
		return err
	}
	defer o.Close()
	return p.add(blobFolder+"/"+name, io.NewSectionReader(o, 0, o.Size()), o.Size())
}

// Restore unpacks a backup into an empty data directory and opens a new log
// epoch whose first act names the last checkpoint known: known, as somebody kept
// it, or "" for the backup's own. So a restore never looks like a rollback.
func Restore(ctx context.Context, o Options, file, why, known string) (*Vault, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if k := kindOf(o); k.DB != "sqlite" || k.Blobs != "folder" {
		return nil, fault.New(fault.Refused, "vault: restore: a backup is restored into a directory")
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fault.New(fault.Outside, "vault: restore: %w", err)
	}
	lock, err := takeLock(o.Data, true)
	if err != nil {
		return nil, err
	}
	v, err := restore(ctx, o, file, why, known)
	if err != nil {
		lock.release()
		return nil, err
	}
	v.lock = lock
	return v, lock.share()
}

func restore(ctx context.Context, o Options, file, why, known string) (_ *Vault, err error) {
	if err := clearRoom(o); err != nil {
		return nil, err
	}
	defer func() { // a keyring of nothing would stand in the way of the next try
		if err != nil {
			os.Remove(filepath.Join(o.Data, keys.FileName))
		}
	}()
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.New(fault.NotFound, "vault: restore: %w", err)
	}
	defer f.Close()
	if err := sound(ctx, f); err != nil { // before anything is written
		return nil, err
	}
	if err := unpack(ctx, o, tar.NewReader(f)); err != nil {
		return nil, err
	}
	ring, store, err := unlock(ctx, o)
	if err != nil {
		return nil, err
	}
	v, err := assemble(ctx, o, ring, store)
	if err == nil {
		err = v.newEpoch(ctx, keys.Restored, why, known)
	}
	if err == nil { // the mark last: before it the directory is no site
		err = writeFormat(o, ring.View().SiteID())
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return v, nil
}

// unpack writes the members of a backup; any other name is refused, and so is a
// backup whose list of members is missing or does not fit.
func unpack(ctx context.Context, o Options, tr *tar.Reader) error {
	backend, err := openBackend(ctx, o)
	if err != nil {
		return err
	}
	c := &checked{tr: tr}
	for {
		h, r, err := c.next() // again: between the two reads the file may have changed
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		dir, name := path.Split(h.Name)
		switch {
		case h.Typeflag != tar.TypeReg:
			err = fault.New(fault.Invalid, "vault: restore: the backup holds something that is no file")
		case h.Name == embeddedFile || h.Name == keys.FileName:
			err = unpackFile(filepath.Join(o.Data, name), r)
		case h.Name == formatFile: // written anew at the end
		case dir == blobFolder+"/" && plainName(name):
			err = backend.Put(ctx, name, r, h.Size)
		default:
			err = fault.New(fault.Invalid, "vault: restore: the backup holds a file of another kind")
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r) // what nobody read
		}
		if err != nil {
			return err
		}
	}
}

// plainName accepts what names of objects are made of (docs/formats/blob.md).
func plainName(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef-") == ""
}

func unpackFile(file string, r io.Reader) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.New(fault.Outside, "vault: restore: %w", err)
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault.New(fault.Outside, "vault: restore: %w", err)
	}
	return nil
}

// RotateLogKey gives the log a new key and epoch.
func (v *Vault) RotateLogKey(ctx context.Context, why string) error {
	return v.newEpoch(ctx, keys.Rotated, why, "")
}

// newEpoch writes the act "log.epoch" as the first of a new epoch.
func (v *Vault) newEpoch(ctx context.Context, reason, why, known string) error {
	last, err := v.Ledger.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if known != "" {
		if _, err := v.Ledger.Trust(known); err != nil {
			return err
		}
		last = known
	}
	act := audit.Act{Class: audit.Alteration, Verb: "log.epoch", Object: v.Keys.Site.ID, Why: why,
		Detail: map[string]string{"reason": reason, "checkpoint": last}}
	_, err = v.Desk.Do(ctx, act, func(w *db.Writer) error {
		return v.Keys.Ring.NewEpoch(ctx, w, reason, v.Now(), v.Rand)
	})
	v.Keys.Site = v.Keys.Ring.Secrets()
	return err
}
