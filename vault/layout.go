package vault

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tutela/fault"
)

const (
	formatFile    = "format.json"
	layoutVersion = 1
)

// layout is the content of format.json. It names no secret: a database URL with
// a password is not repeated there.
type layout struct {
	Layout int    `json:"layout"`
	Site   string `json:"site"`
	DB     string `json:"db"`    // "sqlite" or "postgres"
	Blobs  string `json:"blobs"` // "folder" or "s3"
}

func kindOf(o Options) layout {
	l := layout{Layout: layoutVersion, DB: "sqlite", Blobs: "folder"}
	if postgres(o) {
		l.DB = "postgres"
	}
	if strings.HasPrefix(o.Blobs, "s3://") {
		l.Blobs = "s3"
	}
	return l
}

// writeFormat writes the mark that makes a directory a site: temporary file,
// fsync, rename, fsync of the directory.
func writeFormat(o Options, site string) error {
	l := kindOf(o)
	l.Site = site
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(o.Data, ".format-*")
	if err != nil {
		return fault.New(fault.Outside, "vault: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault.New(fault.Outside, "vault: %w", err)
	}
	if err := os.Rename(f.Name(), filepath.Join(o.Data, formatFile)); err != nil {
		return fault.New(fault.Outside, "vault: %w", err)
	}
	if d, err := os.Open(o.Data); err == nil {
		d.Sync() // not every system can sync a directory
		d.Close()
	}
	return nil
}

// readFormat checks that the directory holds a site of a layout that this
// program knows, kept where the options say. With PostgreSQL a directory
// without the mark is made ready for fetching the keyring.
func readFormat(o *Options) error {
	text, err := os.ReadFile(filepath.Join(o.Data, formatFile))
	if errors.Is(err, fs.ErrNotExist) {
		if !postgres(*o) {
			return fault.Hint(fault.New(fault.NotFound, "vault: %s holds no site", o.Data), "Create one with: tutela init, or name another directory with --data.")
		}
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			return fault.New(fault.Outside, "vault: %w", err)
		}
		return nil
	}
	if err != nil {
		return fault.New(fault.Outside, "vault: %w", err)
	}
	var l layout
	if err := json.Unmarshal(text, &l); err != nil {
		return fault.New(fault.Corrupt, "vault: %s: %w", formatFile, err)
	}
	if l.Layout != layoutVersion {
		return fault.Hint(fault.New(fault.Refused, "vault: layout %d is not known to this program", l.Layout), "Use a newer tutela.")
	}
	if now := kindOf(*o); l.DB != now.DB || l.Blobs != now.Blobs {
		err := fault.New(fault.Invalid, "vault: the site keeps rows in %s and blobs in %s", l.DB, l.Blobs)
		return fault.Hint(err, "Give the same --db and --blobs as at its founding.")
	}
	return nil
}
