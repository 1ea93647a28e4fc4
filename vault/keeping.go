package vault

import (
	"context"

	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// schemas lists every room's tables: first the vault's own, then those above.
func schemas(o Options) []db.Schema {
	own := []db.Schema{keys.Schema(), audit.Schema()}
	return append(own, o.Schemas...)
}

// keeping holds the rooms that need the assembled vault.
type keeping struct{}

func (v *Vault) furnish(ctx context.Context) error { return nil }

func (v *Vault) unfurnish() error { return nil }
