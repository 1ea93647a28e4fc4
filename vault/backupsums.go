package vault

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"tutela/fault"
)

// The first member of a backup says that its last one lists all others: a backup
// that was cut at the border of a member, or changed, is told from a whole one.
// The list is what sha256sum -c takes after tar -x.
const (
	backupMark = "BACKUP"
	backupText = "tutela backup 2\n"
	sumsFile   = "SHA256SUMS"
	maxSums    = 1 << 30 // bytes of the list; a million objects take 150 MB
)

// packer writes members and keeps the list.
type packer struct {
	tw   *tar.Writer
	sums bytes.Buffer
}

// add writes one member.
func (p *packer) add(name string, r io.Reader, size int64) error {
	if err := p.tw.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, Format: tar.FormatPAX}); err != nil {
		return fault.New(fault.Outside, "vault: backup: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(p.tw, h), r)
	if err != nil {
		return fault.New(fault.Outside, "vault: backup: %s: %w", name, err)
	}
	if n != size {
		return fault.New(fault.Outside, "vault: backup: %s: %d bytes of %d", name, n, size)
	}
	fmt.Fprintf(&p.sums, "%x  %s\n", h.Sum(nil), name)
	return nil
}

// finish writes the list.
func (p *packer) finish() error {
	list := bytes.Clone(p.sums.Bytes())
	return p.add(sumsFile, bytes.NewReader(list), int64(len(list)))
}

// checked reads the members of a backup and compares them with its list.
type checked struct {
	tr    *tar.Reader
	open  hash.Hash // of the member that is being read
	name  string
	sums  map[string]string // what was read, by name; nil for a backup without a list
	ended bool
}

// next goes to the next member; the list itself is not given out. It returns
// io.EOF after the last one, if all were as listed.
func (c *checked) next() (*tar.Header, io.Reader, error) {
	first := c.open == nil
	if !first {
		c.note()
	}
	h, err := c.tr.Next()
	switch {
	case err == io.EOF && c.sums != nil && !c.ended:
		return nil, nil, fault.New(fault.Corrupt, "vault: restore: the backup is cut off: its list of members is missing")
	case err == io.EOF:
		return nil, nil, err
	case err != nil:
		return nil, nil, fault.New(fault.Corrupt, "vault: restore: %w", err)
	case c.ended:
		return nil, nil, fault.New(fault.Corrupt, "vault: restore: the backup goes on after its list of members")
	}
	c.open, c.name = sha256.New(), h.Name
	if first && h.Name == backupMark {
		c.sums = map[string]string{}
		text, err := io.ReadAll(io.LimitReader(c.tr, int64(len(backupText))+1))
		if err != nil || string(text) != backupText {
			return nil, nil, fault.New(fault.Invalid, "vault: restore: the backup is of a form that this version does not know")
		}
		c.open.Write(text)
		return c.next()
	}
	if c.sums != nil && h.Name == sumsFile {
		c.ended = true
		if err := c.compare(h.Size); err != nil {
			return nil, nil, err
		}
		return c.next()
	}
	if _, twice := c.sums[h.Name]; twice {
		return nil, nil, fault.New(fault.Corrupt, "vault: restore: the backup holds %s twice", h.Name)
	}
	return h, io.TeeReader(c.tr, c.open), nil
}

// sound reads a backup to its end and goes back to its start. A backup without a
// list, of an earlier version, can only be found readable.
func sound(ctx context.Context, f io.ReadSeeker) error {
	c := &checked{tr: tar.NewReader(f)}
	for {
		_, r, err := c.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fault.New(fault.Corrupt, "vault: restore: the backup is cut off: %w", err)
		}
		if err != nil {
			return err
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fault.New(fault.Outside, "vault: restore: %w", err)
	}
	return nil
}

// note keeps the digest of the member that was read.
func (c *checked) note() {
	if c.sums != nil && !c.ended {
		c.sums[c.name] = hex.EncodeToString(c.open.Sum(nil))
	}
}

// compare reads the list and holds it against what was read.
func (c *checked) compare(size int64) error {
	if size > maxSums {
		return fault.New(fault.Corrupt, "vault: restore: the backup's list of members has %d bytes", size)
	}
	text, err := io.ReadAll(c.tr)
	if err != nil {
		return fault.New(fault.Corrupt, "vault: restore: %w", err)
	}
	listed := 0
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if have, ok := c.sums[name]; !ok || have != sum {
			return fault.New(fault.Corrupt, "vault: restore: line %d of the backup's list: %q is missing or was changed", listed+1, name)
		}
		listed++
	}
	if listed != len(c.sums) {
		return fault.New(fault.Corrupt, "vault: restore: the backup holds %d members and lists %d", len(c.sums), listed)
	}
	return nil
}
