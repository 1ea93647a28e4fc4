package keys

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"tutela/fault"
)

// holder is a key in use, from a file or an agent.
type holder struct {
	public   Public
	sign     func([]byte) ([]byte, error)
	identity *age.X25519Identity
	path     string // "" for an agent
}

func (h *holder) KeyID() string                         { return h.public.ID }
func (h *holder) Public() Public                        { return h.public }
func (h *holder) Sign(message []byte) ([]byte, error)   { return h.sign(message) }
func (h *holder) Unwrap(wrapped []byte) ([]byte, error) { return unwrap(wrapped, h.identity) }

// Path returns the file that the key came from, "" for an agent.
func (h *holder) Path() string { return h.path }

// hold completes a key: fingerprint, wrapping identity, proof.
func hold(key ed25519.PublicKey, name, path string, sign func([]byte) ([]byte, error)) (*holder, error) {
	id, err := Fingerprint(key)
	if err != nil {
		return nil, fault.New(fault.Invalid, "keys: %w", err)
	}
	own, err := wrapping(id, sign)
	if err != nil {
		return nil, err
	}
	public := Public{ID: id, Name: name, Key: key, Recipient: own.Recipient().String(), Kind: Officer}
	if public.Proof, err = sign([]byte(proofContext + public.Recipient)); err != nil {
		return nil, err
	}
	if err := public.Check(); err != nil {
		return nil, err
	}
	return &holder{public: public, sign: sign, identity: own, path: path}, nil
}

// FromKey holds a key that is already in memory (tests, hardware bridges).
func FromKey(key ed25519.PrivateKey, name string) (Private, error) {
	return hold(key.Public().(ed25519.PublicKey), name, "", signWith(key))
}

func signWith(key ed25519.PrivateKey) func([]byte) ([]byte, error) {
	return func(m []byte) ([]byte, error) { return ed25519.Sign(key, m), nil }
}

// Generate makes an Ed25519 key and writes it in the OpenSSH format with mode
// 0600, encrypted if a passphrase is given, and its public half beside it
// (".pub"). It never overwrites a file.
func Generate(path, passphrase, comment string, rand io.Reader) error {
	public, key, err := newEd25519(rand)
	if err != nil {
		return err
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, comment)
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, comment, []byte(passphrase))
	}
	if err != nil {
		return fmt.Errorf("keys: generate: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.New(fault.Outside, "keys: generate: %w", err)
	}
	if err := writeNew(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return err
	}
	line, err := Public{Key: public}.AuthorizedKey()
	if err != nil {
		return err
	}
	return writeNew(path+".pub", []byte(strings.TrimSpace(line+" "+comment)+"\n"), 0o644)
}

// newEd25519 reads 32 bytes from rand and no more, so that a seeded source
// gives the same key each time.
func newEd25519(rand io.Reader) (ed25519.PublicKey, ed25519.PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, nil, fmt.Errorf("keys: no randomness: %w", err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	return key.Public().(ed25519.PublicKey), key, nil
}

// writeNew creates a file, writes it and makes it durable; it fails if the file
// is there.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fault.Hint(fault.New(fault.Refused, "keys: %w", err), "Choose another path: a key file is never overwritten.")
		}
		return fault.New(fault.Outside, "keys: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return fault.New(fault.Outside, "keys: write %s: %w", path, err)
	}
	return nil
}

// LoadFile reads an Ed25519 key in the OpenSSH format. It refuses a file that
// others can read (on systems with such modes).
func LoadFile(path, passphrase string) (Private, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Hint(fault.New(fault.NotFound, "keys: load: %w", err), "Give the key file with --key or TUTELA_KEY.")
	}
	if err != nil {
		return nil, fault.New(fault.Outside, "keys: load: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fault.Hint(fault.New(fault.Refused, "keys: %s can be read by others (mode %04o)", path, info.Mode().Perm()), "Run: chmod 600 "+path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Outside, "keys: load: %w", err)
	}
	key, err := parse(text, passphrase)
	if err != nil {
		return nil, err
	}
	return hold(key.Public().(ed25519.PublicKey), filepath.Base(path), path, signWith(key))
}

func parse(text []byte, passphrase string) (ed25519.PrivateKey, error) {
	var raw any
	var err error
	if passphrase == "" {
		raw, err = ssh.ParseRawPrivateKey(text)
	} else {
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase(text, []byte(passphrase))
	}
	var missing *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		return nil, fault.Hint(fault.New(fault.Refused, "keys: the key file is locked by a passphrase"), "Set TUTELA_PASSPHRASE, or load the key into the SSH agent.")
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, fault.New(fault.Refused, "keys: the passphrase does not open the key file")
	case err != nil:
		return nil, fault.New(fault.Invalid, "keys: read key file: %w", err)
	}
	switch key := raw.(type) {
	case *ed25519.PrivateKey:
		return *key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fault.Hint(fault.New(fault.Invalid, "keys: the key is not Ed25519"), "Make one with: ssh-keygen -t ed25519")
}

// CheckPlace refuses a key whose file lies inside the data directory: a copy of
// the directory would then carry the key to everything in it.
func CheckPlace(key Private, dataDir string) error {
	f, ok := key.(interface{ Path() string })
	if !ok || f.Path() == "" {
		return nil
	}
	return outside(f.Path(), dataDir)
}

func outside(path, dataDir string) error {
	file, err := resolve(path)
	if err != nil {
		return fault.New(fault.Outside, "keys: %w", err)
	}
	dir, err := resolve(dataDir)
	if err != nil {
		return fault.New(fault.Outside, "keys: %w", err)
	}
	rel, err := filepath.Rel(dir, file)
	if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return fault.Hint(fault.New(fault.Refused, "keys: %s lies inside the data directory", path), "Keep keys elsewhere, for instance in ~/.config/tutela.")
	}
	return nil
}

// resolve follows links as far as the path exists.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest), nil
		}
		if dir == filepath.Dir(dir) {
			return abs, nil
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}
