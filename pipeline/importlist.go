package pipeline

import (
	"context"
	"io"
	"os"

	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/failpoint"
	"tutela/vault/ids"
	"tutela/vault/keys"
)

// ListOrder says which hash list to import, and whose it is.
type ListOrder struct {
	Path       string // of the document
	Source     string // who issued it
	Version    string // as the source names it
	Purpose    hashlists.Purpose
	Terms      string   // what the source allows and demands
	Recipients string   // who may learn of a match, in words; "" = no restriction stated
	Format     string   // one of hashlist.Formats; "" is Auto
	Columns    []string // of a CSV without a header
	Mapping    hashlist.Mapping
	Delta      bool // adds to the earlier lists of the source, takes the place of none
	Why        string
}

// Imported is a list that was imported, and the matches that it opened again.
type Imported struct {
	hashlists.List
	Reopened []matching.Reopened
}

// documentCase is what the content store keeps the document of a list under: it
// belongs to no case, and has a key of its own.
func documentCase(id hashlists.ID) string { return "list-" + string(id) }

// ImportList seals the document of a hash list and then makes it an active list.
// Every officer who can act at that time can open the sealed document later. A
// document that is refused leaves no list and no content behind; what was wrong
// with it is told in the findings. Matches that rest on entries which are gone or
// corrected since are opened again in the same act.
func ImportList(ctx context.Context, v *vault.Vault, o ListOrder) (Imported, []format.Finding, error) {
	if o.Why == "" {
		return Imported{}, nil, fault.New(fault.Invalid, "hash list: an import needs a reason")
	}
	id, err := ids.New(v.Clock(), v.Rand)
	if err != nil {
		return Imported{}, nil, err
	}
	l := hashlists.List{ID: hashlists.ID(id), Source: o.Source, Version: o.Version, Purpose: o.Purpose, Terms: o.Terms,
		Recipients: o.Recipients, Officer: staff.ID(v.Desk.KeyID()), At: v.Now(), Delta: o.Delta}
	im := importing{v: v, order: o, list: l}
	name, err := im.seal(ctx)
	if err != nil {
		return Imported{}, nil, err
	}
	done, findings, err := im.read(ctx, name)
	if err != nil {
		im.discard(ctx, name)
		return Imported{}, findings, err
	}
	return done, findings, nil
}

// importing is one import on its way.
type importing struct {
	v     *vault.Vault
	order ListOrder
	list  hashlists.List
}

func (im *importing) act(class audit.Class, verb string) audit.Act {
	return audit.Act{Class: class, Verb: verb, Object: string(im.list.ID), Why: im.order.Why}
}

// seal keeps the document as it was received and returns its blob's name.
func (im *importing) seal(ctx context.Context) (string, error) {
	file, err := os.Open(im.order.Path)
	if os.IsNotExist(err) {
		return "", fault.New(fault.NotFound, "hash list: %w", err)
	}
	if err != nil {
		return "", fault.New(fault.Outside, "hash list: %w", err)
	}
	defer file.Close()
	if _, err := im.v.Desk.Do(ctx, im.act(audit.Collection, "hashlist.receive"), func(w *db.Writer) error {
		return im.v.Keys.Cases.New(ctx, w, documentCase(im.list.ID), im.list.At, officers(im.v)...)
	}); err != nil {
		return "", err
	}
	failpoint.Hit("pipeline.list-received")
	in, err := im.v.Blobs.Begin(ctx, documentCase(im.list.ID))
	if err != nil {
		return "", err
	}
	defer in.Abort()
	set, name, err := in.Add(file)
	if err != nil {
		return "", err
	}
	if err := in.Commit(ctx); err != nil {
		return "", err
	}
	im.list.Document = set.SHA256
	_, err = im.v.Desk.Do(ctx, im.act(audit.Collection, "hashlist.seal"), func(w *db.Writer) error { return in.PutKeys(ctx, w, name) })
	failpoint.Hit("pipeline.list-sealed")
	return name, err
}

// officers returns the keys of those who can act now.
func officers(v *vault.Vault) []string {
	var out []string
	for _, m := range v.Keys.Ring.View().Members() {
		if m.Revoked == 0 && m.Kind == keys.Officer {
			out = append(out, m.ID)
		}
	}
	return out
}

// read makes a list of the sealed document.
func (im *importing) read(ctx context.Context, name string) (done Imported, fs []format.Finding, err error) {
	content, err := im.v.Blobs.Open(ctx, documentCase(im.list.ID), name)
	if err != nil {
		return done, nil, err
	}
	defer content.Close()
	_, err = im.v.Desk.Do(ctx, im.act(audit.Collection, "hashlist.import"), func(w *db.Writer) error {
		in := io.NewSectionReader(content, 0, content.Size())
		done.List, fs, err = hashlists.Import(ctx, w, im.list, in, hashlist.Options{Format: im.order.Format, Columns: im.order.Columns, Mapping: im.order.Mapping})
		if err != nil {
			return err
		}
		done.Reopened, err = matching.Reopen(ctx, w, matching.Change{Source: im.list.Source, Purpose: im.list.Purpose,
			Officer: im.list.Officer, At: im.list.At, Why: im.list.Source + " " + im.list.Version})
		return err
	})
	return done, fs, err
}

// discard erases the document of an import that was refused. Should that fail,
// an encrypted object stays that nothing refers to.
func (im *importing) discard(ctx context.Context, name string) {
	ctx = context.WithoutCancel(ctx)
	var objects []string
	_, err := im.v.Desk.Do(ctx, im.act(audit.Erasure, "hashlist.discard"), func(w *db.Writer) (err error) {
		objects, err = im.v.Blobs.DropKeys(ctx, w, name)
		return err
	})
	if err == nil {
		im.v.Blobs.Sweep(ctx, objects...)
	}
}

// openDocument opens the sealed document of a list.
func openDocument(ctx context.Context, v *vault.Vault, id hashlists.ID, document digest.ID) (*blob.Content, error) {
	return v.Blobs.Open(ctx, documentCase(id), blob.Name(v.Keys.Site.Name, documentCase(id), document))
}
