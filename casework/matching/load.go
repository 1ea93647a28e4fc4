package matching

import (
	"context"

	"tutela/vault/db"
)

// Load prepares a Matcher that keeps nothing on disk. siteRow is the site's key of
// derived ids.
func Load(ctx context.Context, q db.Queryer, siteRow []byte) (*Matcher, error) {
	return LoadKept(ctx, q, siteRow, "")
}
