package keys

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"tutela/fault"
)

// Site is the opened site bundle: the secrets that every officer needs.
type Site struct {
	ID     string             // ULID of the site
	Epoch  int64              // log epoch, from 1
	Origin string             // origin line of the log: "tutela/" + ID, from epoch 2 on with "/" + epoch
	Log    ed25519.PrivateKey // signs checkpoints
	Sign   ed25519.PrivateKey // signs referral packages and the keyring
	Name   []byte             // 32 bytes: names blobs
	Row    []byte             // 32 bytes: keys derived ids
	DB     []byte             // 32 bytes: encrypts the embedded database
}

// OriginOf returns the origin line of a site's log in an epoch.
func OriginOf(site string, epoch int64) string {
	if epoch <= 1 {
		return "tutela/" + site
	}
	return fmt.Sprintf("tutela/%s/%d", site, epoch)
}

// bundle is the plain form of what is wrapped to everybody.
type bundle struct {
	Site string `json:"site"`
	Log  []byte `json:"log"` // Ed25519 seeds
	Sign []byte `json:"sign"`
	Name []byte `json:"name"`
	Row  []byte `json:"row"`
	DB   []byte `json:"db"`
}

// newSite makes the secrets of a site.
func newSite(id string, rand io.Reader) (*Site, error) {
	s := &Site{ID: id, Epoch: 1, Origin: OriginOf(id, 1)}
	var err error
	if _, s.Log, err = newEd25519(rand); err != nil {
		return nil, err
	}
	if _, s.Sign, err = newEd25519(rand); err != nil {
		return nil, err
	}
	for _, key := range []*[]byte{&s.Name, &s.Row, &s.DB} {
		*key = make([]byte, 32)
		if _, err := io.ReadFull(rand, *key); err != nil {
			return nil, fmt.Errorf("keys: no randomness: %w", err)
		}
	}
	return s, nil
}

func (s *Site) seal(to ...string) ([]byte, error) {
	plain, err := json.Marshal(bundle{s.ID, s.Log.Seed(), s.Sign.Seed(), s.Name, s.Row, s.DB})
	if err != nil {
		return nil, err
	}
	return wrapTo(plain, to...)
}

func openSite(plain []byte, epoch int64) (*Site, error) {
	var b bundle
	if err := json.Unmarshal(plain, &b); err != nil {
		return nil, fault.New(fault.Corrupt, "keys: site bundle: %w", err)
	}
	for _, k := range [][]byte{b.Log, b.Sign, b.Name, b.Row, b.DB} {
		if len(k) != 32 {
			return nil, fault.New(fault.Corrupt, "keys: site bundle: a key has %d bytes", len(k))
		}
	}
	return &Site{ID: b.Site, Epoch: epoch, Origin: OriginOf(b.Site, epoch),
		Log: ed25519.NewKeyFromSeed(b.Log), Sign: ed25519.NewKeyFromSeed(b.Sign),
		Name: b.Name, Row: b.Row, DB: b.DB}, nil
}

// Opener opens what was wrapped to somebody: a Private or the recovery key.
type Opener interface {
	Unwrap(wrapped []byte) ([]byte, error)
}

// RecoveryKey is the key that is kept off the machine, in use.
type RecoveryKey struct{ identity *age.X25519Identity }

// Unwrap opens what was wrapped to the recovery key.
func (r *RecoveryKey) Unwrap(wrapped []byte) ([]byte, error) { return unwrap(wrapped, r.identity) }

// Recipient returns its age recipient.
func (r *RecoveryKey) Recipient() string { return r.identity.Recipient().String() }

// newRecovery makes a recovery key and writes it once to path, mode 0600, in
// the form of age-keygen.
func newRecovery(path string, rand io.Reader) (*RecoveryKey, error) {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return nil, fmt.Errorf("keys: no randomness: %w", err)
	}
	id, err := identity(secret)
	if err != nil {
		return nil, err
	}
	text := "# Tutela recovery key. Keep it off this machine, under seal.\n# public key: " +
		id.Recipient().String() + "\n" + id.String() + "\n"
	return &RecoveryKey{id}, writeNew(path, []byte(text), 0o600)
}

// LoadRecovery reads a recovery key file.
func LoadRecovery(path string) (*RecoveryKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "keys: recovery: %w", err)
	}
	defer f.Close()
	list, err := age.ParseIdentities(io.LimitReader(f, 1<<16))
	if err != nil || len(list) != 1 {
		return nil, fault.New(fault.Invalid, "keys: %s does not hold one recovery key", path)
	}
	id, ok := list[0].(*age.X25519Identity)
	if !ok {
		return nil, fault.New(fault.Invalid, "keys: %s is not an X25519 key", path)
	}
	return &RecoveryKey{id}, nil
}
