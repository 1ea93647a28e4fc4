package keys

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"tutela/fault"
)

// FileName is the keyring's file in the data directory.
const FileName = "keyring.json"

// Member is somebody who can act, or once could.
type Member struct {
	Public
	Added   int64 `json:"added"`   // µs UTC
	Revoked int64 `json:"revoked"` // µs UTC, 0 = not revoked
}

// Epoch is one span of the log under one log key.
type Epoch struct {
	N      int64             `json:"n"`
	Key    ed25519.PublicKey `json:"key"`
	Since  int64             `json:"since"`  // µs UTC
	Reason string            `json:"reason"` // Founded, Rotated or Restored
}

// Reasons of an epoch.
const (
	Founded  = "founded"
	Rotated  = "key rotated"
	Restored = "restored"
)

// state is the keyring as it is stored: public, and signed by the site.
type state struct {
	Format    int               `json:"format"`
	Site      string            `json:"site"`
	Revision  int64             `json:"revision"`
	Epochs    []Epoch           `json:"epochs"`
	SignKey   ed25519.PublicKey `json:"sign_key"`
	Members   []Member          `json:"members"`
	Recovery  string            `json:"recovery"`
	Bundle    []byte            `json:"bundle"`
	Signature []byte            `json:"signature"`
}

const ringContext = "tutela keyring v1\n"

// encode returns the stored bytes, or with signature nil what is signed.
func (s state) encode() ([]byte, error) { return json.MarshalIndent(s, "", "  ") }

func (s state) toSign() ([]byte, error) {
	s.Signature = nil
	b, err := s.encode()
	return append([]byte(ringContext), b...), err
}

func decode(b []byte) (state, error) {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fault.New(fault.Corrupt, "keys: keyring: %w", err)
	}
	if s.Format != 1 || len(s.Epochs) == 0 || len(s.SignKey) != ed25519.PublicKeySize {
		return s, fault.New(fault.Corrupt, "keys: keyring: format %d is not known or parts are missing", s.Format)
	}
	text, err := s.toSign()
	if err != nil || !ed25519.Verify(s.SignKey, text, s.Signature) {
		return s, fault.New(fault.Corrupt, "keys: keyring: wrong signature")
	}
	for _, m := range s.Members {
		if err := m.Check(); err != nil {
			return s, fault.New(fault.Corrupt, "keys: keyring: %w", err)
		}
	}
	return s, nil
}

// View is the keyring at one moment, with the opened site bundle. It never
// changes.
type View struct {
	state state
	Site  *Site
}

// Ring is the keyring of a site: who can act, the recovery recipient, the
// epochs of the log and the wrapped site bundle. It is safe for concurrent use.
type Ring struct {
	file   string // the copy that is read before the database is open
	mu     sync.Mutex
	view   *View
	opener Opener          // who has unlocked it
	staged map[string]bool // acts that have changed it in a transaction
}

// Found makes the keyring of a new site with its first officer, and writes the
// recovery key once to recoveryPath, which must lie outside dir. The file
// appears with Save.
func Found(dir, site, recoveryPath string, first Public, now int64, rand io.Reader) (*Ring, error) {
	if err := first.Check(); err != nil {
		return nil, err
	}
	if err := outside(recoveryPath, dir); err != nil {
		return nil, err
	}
	secrets, err := newSite(site, rand)
	if err != nil {
		return nil, err
	}
	recovery, err := newRecovery(recoveryPath, rand)
	if err != nil {
		return nil, err
	}
	s := state{Format: 1, Site: site,
		Epochs:   []Epoch{{N: 1, Key: secrets.Log.Public().(ed25519.PublicKey), Since: now, Reason: Founded}},
		SignKey:  secrets.Sign.Public().(ed25519.PublicKey),
		Members:  []Member{{Public: first, Added: now}},
		Recovery: recovery.Recipient()}
	if s, err = s.next(secrets); err != nil {
		return nil, err
	}
	return newRing(dir, &View{s, secrets}), nil
}

// next wraps the bundle to whoever may have it now, counts the revision up and
// signs.
func (s state) next(secrets *Site) (state, error) {
	var err error
	if s.Bundle, err = secrets.seal(s.everybody()...); err != nil {
		return s, err
	}
	s.Revision++
	text, err := s.toSign()
	if err != nil {
		return s, err
	}
	s.Signature = ed25519.Sign(secrets.Sign, text)
	return s, nil
}

// everybody returns the recipients of the site bundle.
func (s state) everybody() []string {
	to := []string{s.Recovery}
	for _, m := range s.Members {
		if m.Revoked == 0 {
			to = append(to, m.Recipient)
		}
	}
	return to
}

// Load reads the keyring of a data directory.
func Load(dir string) (*Ring, error) {
	file := filepath.Join(dir, FileName)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Hint(fault.New(fault.NotFound, "keys: no keyring in %s", dir), "Create a site with: tutela init")
	}
	if err != nil {
		return nil, fault.New(fault.Outside, "keys: %w", err)
	}
	return Decode(dir, b)
}

// Decode takes a keyring from its stored bytes; dir is where Save puts it.
func Decode(dir string, b []byte) (*Ring, error) {
	s, err := decode(b)
	if err != nil {
		return nil, err
	}
	return newRing(dir, &View{state: s}), nil
}

func newRing(dir string, v *View) *Ring {
	return &Ring{file: filepath.Join(dir, FileName), view: v, staged: map[string]bool{}}
}

// Unlock opens the site bundle and checks that the keyring was signed by the
// site whose secrets it carries.
func (r *Ring) Unlock(key Opener) (*Site, error) {
	v, err := r.View().state.unlock(key)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.view, r.opener = v, key
	r.mu.Unlock()
	return v.Site, nil
}

func (s state) unlock(key Opener) (*View, error) {
	plain, err := key.Unwrap(s.Bundle)
	if err != nil {
		return nil, fault.Hint(fault.New(fault.Refused, "keys: this key does not open the site: %w", err), "Use a key that was added by: tutela officer add")
	}
	site, err := openSite(plain, s.Epochs[len(s.Epochs)-1].N)
	if err != nil {
		return nil, err
	}
	if site.ID != s.Site || !s.SignKey.Equal(site.Sign.Public()) {
		return nil, fault.New(fault.Corrupt, "keys: the keyring is not that of its site bundle")
	}
	return &View{s, site}, nil
}

// Save writes the keyring's file: temporary file, fsync, rename, fsync of the
// directory.
func (r *Ring) Save() error {
	b, err := r.View().state.encode()
	if err != nil {
		return err
	}
	return writeAtomic(r.file, b)
}

// View returns the keyring as it is now.
func (r *Ring) View() *View { r.mu.Lock(); defer r.mu.Unlock(); return r.view }

// Secrets returns the opened site bundle, nil while locked.
func (r *Ring) Secrets() *Site { return r.View().Site }

// SiteID returns the id of the site.
func (v *View) SiteID() string { return v.state.Site }

// Epochs returns the epochs of the log, oldest first.
func (v *View) Epochs() []Epoch { return slices.Clone(v.state.Epochs) }

// Members returns everybody who can act or once could.
func (v *View) Members() []Member { return slices.Clone(v.state.Members) }

// SignKey returns the public half of the site signing key.
func (v *View) SignKey() ed25519.PublicKey { return v.state.SignKey }

// Recovery returns the age recipient of the recovery key.
func (v *View) Recovery() string { return v.state.Recovery }

// Find returns a member by key id, also a revoked one.
func (v *View) Find(id string) (Member, bool) {
	i := slices.IndexFunc(v.state.Members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, false
	}
	return v.state.Members[i], true
}

// Active returns a member who can act now.
func (v *View) Active(id string) (Member, bool) {
	m, ok := v.Find(id)
	return m, ok && m.Revoked == 0
}

// writeAtomic replaces a file durably.
func writeAtomic(file string, b []byte) error {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".keyring-*")
	if err != nil {
		return fault.New(fault.Outside, "keys: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault.New(fault.Outside, "keys: %w", err)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return fault.New(fault.Outside, "keys: %w", err)
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync() // not every system can sync a directory
		d.Close()
	}
	return nil
}
