package pipeline

import (
	"context"
	"crypto/sha256"
	"io"

	"tutela/casework/hashlists"
	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/db"
)

// CheckList says what is wrong with an imported list: entries that are not those
// that were imported, a sealed document that is missing or altered. It is a
// Refused error when the actor cannot open the document.
func CheckList(ctx context.Context, v *vault.Vault, q db.Queryer, l hashlists.List) error {
	if err := hashlists.Check(ctx, q, l); err != nil {
		return err
	}
	content, err := openDocument(ctx, v, l.ID, l.Document)
	if err != nil {
		return err
	}
	defer content.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(content, 0, content.Size())); err != nil {
		return err
	}
	if digest.ID(h.Sum(nil)) != l.Document {
		return fault.New(fault.Corrupt, "hash list %s: the document is not the one that was sealed", l.ID)
	}
	return nil
}
