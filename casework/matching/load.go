package matching

import (
	"context"

	"tutela/casework/hashlists"
	"tutela/vault/db"
)

// Load prepares a Matcher that keeps nothing on disk. siteRow is the site's key of
// derived ids.
func Load(ctx context.Context, q db.Queryer, siteRow []byte) (*Matcher, error) {
	return LoadKept(ctx, q, siteRow, "")
}

// LoadFor is Load for lists of other purposes, to answer a question that is not
// about a case. Store refuses matches with lists that are not for cases.
func LoadFor(ctx context.Context, q db.Queryer, siteRow []byte, purposes ...hashlists.Purpose) (*Matcher, error) {
	return LoadKept(ctx, q, siteRow, "", purposes...)
}
