package vault

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"

	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/jobs"
	"tutela/vault/keys"
)

// Schemas lists the tables of the vault's own rooms, which come before those of
// the rooms above.
func Schemas() []db.Schema {
	return []db.Schema{keys.Schema(), audit.Schema(), blob.Schema(), evidence.Schema(), jobs.Schema()}
}

func schemas(o Options) []db.Schema { return append(Schemas(), o.Schemas...) }

// keeping holds the rooms that need keys and database.
type keeping struct {
	Backend  blob.Backend   // where objects lie
	Blobs    *blob.Store    // content of the cases that the actor can open
	Evidence *evidence.Room // exhibits
	Queue    *jobs.Queue    // promises of work
}

const blobFolder = "blobs"

// openBackend opens the place where objects lie.
func openBackend(ctx context.Context, o Options) (blob.Backend, error) {
	if o.Blobs != "" {
		return blob.OpenBackend(ctx, o.Blobs)
	}
	return blob.OpenBackend(ctx, filepath.Join(o.Data, blobFolder))
}

// furnish opens backend and queue.
func (v *Vault) furnish(ctx context.Context) error {
	var err error
	if v.Backend, err = openBackend(ctx, v.options); err != nil {
		return err
	}
	v.Blobs = blob.NewStore(v.Backend, v.Store, v.Keys.Site.Name, v.Keys.Cases, v.Rand)
	v.Evidence = evidence.New(v.Store, v.Blobs, v.Keys.Site.Row, v.options.Host, v.Clock, v.Rand)
	v.Queue, err = jobs.Open(ctx, jobs.Config{Store: v.Store, URL: v.options.DB, Clock: v.Clock, Rand: v.Rand})
	return err
}

func (v *Vault) unfurnish() error {
	if v.Queue == nil {
		return nil
	}
	return v.Queue.Close()
}

// Host returns the name of this machine as exhibits and jobs carry it.
func (v *Vault) Host() string { return v.options.Host }

// hostname is the default of Options.Host.
func hostname() (string, error) {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "", fault.Hint(fault.New(fault.Outside, "vault: this machine has no name: %w", err), "Give it a host name.")
	}
	return name, nil
}

// shared lets goroutines draw from one source of randomness.
type shared struct {
	mu  sync.Mutex
	src io.Reader
}

// Read fills p.
func (s *shared) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return io.ReadFull(s.src, p)
}
