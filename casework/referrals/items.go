package referrals

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/format/bare"
	"tutela/format/referral"
	"tutela/format/when"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/evidence"
)

// Bounds of what one package can carry.
const (
	maxItem  = 64 << 20  // bytes of one item
	maxItems = 256 << 20 // bytes of all items
)

// attachment adds a file that a message carried and returns its id, "" when it
// may not be told.
func (b *builder) attachment(m chats.Shown, a chats.Attachment, by identifiers.ID) (string, error) {
	if b.shielded(m.Exhibit, string(m.Group)) {
		return "", nil
	}
	if a.Item == "" {
		id := b.id("item", string(m.ID)+" "+a.Name)
		b.add(referral.Item{ID: id, Name: id + ".bin", MediaType: "application/octet-stream", Size: -1, Sender: b.taken[by].ID,
			Why: b.text.Text("cut.item.nofile"), Source: b.source(m.Exhibit, m.Time)}, media.Item{})
		b.counted(m.Exhibit).Unread++
		b.leave(LeftOut{Kind: "item", ID: string(m.ID), Reason: NoFile})
		return id, nil
	}
	found, err := media.Find(b.ctx, b.q, media.ID(a.Item))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return b.item(found[0], by, m.Time)
}

// item adds an item of the case that an identifier of the package sent.
func (b *builder) item(i media.Item, by identifiers.ID, t when.Time) (string, error) {
	id := b.id("item", string(i.ID))
	if _, ok := b.itemAt[i.ID]; ok {
		return id, nil
	}
	if i.Case != b.m.k.ID || b.m.marked(string(i.ID), cases.Protected) {
		return "", nil
	}
	if b.m.closed[i.Exhibit] || i.State == media.Held || b.m.untold(string(i.ID)) {
		b.counted(i.Exhibit).Excluded++
		b.leave(LeftOut{Kind: "item", ID: string(i.ID), What: i.Name, Reason: NotOpen})
		return "", nil
	}
	x := referral.Item{ID: id, Name: id + extension(i.MIME), MediaType: cmp.Or(i.MIME, "application/octet-stream"), Size: i.Size,
		Sender: b.taken[by].ID, Why: b.text.Text("cut.item.out"), Source: b.source(i.Exhibit, t)}
	if i.SHA256 != (digest.ID{}) {
		x.Original = referral.Digests{MD5: hex.EncodeToString(i.MD5[:]), SHA1: hex.EncodeToString(i.SHA1[:]), SHA256: hex.EncodeToString(i.SHA256[:])}
	}
	for _, h := range b.m.matches[i.ID] {
		b.cut.rests = append(b.cut.rests, rest{i.ID, h.List, h.Number})
		x.Matches = append(x.Matches, referral.Match{List: h.Source, Version: h.Version, Algorithm: h.Algorithm, Variant: h.Variant,
			Distance: h.Distance, Category: strings.Join(slices.DeleteFunc([]string{h.Scheme, h.Model, h.Region, h.Category}, empty), "/")})
		if h.Recipients != "" {
			b.leave(LeftOut{Kind: "match", ID: h.ID, What: h.Source + ": " + h.Recipients, Reason: ListTerms})
		}
	}
	if i.Risk {
		b.cut.Package.ChildAtRisk = true
	}
	b.risk(string(i.ID), i.Exhibit)
	b.itemAt[i.ID] = len(b.cut.Package.Items)
	b.add(x, i)
	b.subjects = append(b.subjects, string(i.ID), x.Original.SHA256)
	return id, nil
}

func empty(s string) bool { return s == "" }

func (b *builder) add(x referral.Item, of media.Item) {
	if b.labels[x.ID] {
		return
	}
	b.labels[x.ID] = true
	b.cut.Package.Items = append(b.cut.Package.Items, x)
	b.originals = append(b.originals, of)
}

// extension is the ending of a neutral name.
func extension(mime string) string {
	switch mime {
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	}
	return ".bin"
}

// include puts the bytes of chosen items into the package, without their
// metadata.
func (b *builder) include() error {
	total := int64(0)
	for _, id := range b.req.Include {
		at, ok := b.itemAt[id]
		if !ok {
			return fault.Hint(fault.New(fault.Refused, "refer: item %s was not sent by anybody in this package, or may not be told", id),
				"Only items that a confirmed identifier sent can be chosen.")
		}
		i, x := b.originals[at], &b.cut.Package.Items[at]
		if i.State != media.Read {
			return fault.New(fault.Refused, "refer: item %s could not be read", id)
		}
		if total += i.Size; i.Size > maxItem || total > maxItems {
			return fault.New(fault.Refused, "refer: the chosen items are too large for one package")
		}
		data, err := b.bytes(i)
		if err != nil {
			return err
		}
		clean, err := bare.Picture(data)
		if err != nil {
			return fault.Hint(fault.New(fault.Refused, "refer: item %s cannot be freed of metadata safely: %w", id, err),
				"Leave it out; its digests and matches are told all the same.")
		}
		d, err := digest.Sum(bytes.NewReader(clean))
		if err != nil {
			return err
		}
		x.Included, x.Why = true, b.text.Text("cut.item.chosen")
		x.Delivered = referral.Delivered{Size: int64(len(clean)), Digests: referral.Digests{MD5: hex.EncodeToString(d.MD5[:]),
			SHA1: hex.EncodeToString(d.SHA1[:]), SHA256: hex.EncodeToString(d.SHA256[:])}}
		if d.SHA256 != i.SHA256 {
			x.Delivered.Changes = b.text.Text("cut.item.cleaned")
		}
		b.cut.files[x.Name] = clean
	}
	for n, i := range b.originals {
		if x := b.cut.Package.Items[n]; !x.Included && i.ID != "" {
			b.leave(LeftOut{Kind: "item", ID: string(i.ID), What: i.Name, Reason: NotChosen})
		}
	}
	return nil
}

// bytes reads an item against a consultation, checked against its digest.
func (b *builder) bytes(i media.Item) ([]byte, error) {
	open, refused, err := b.v.Evidence.OpenMany(b.ctx, b.desk, audit.Act{Why: "chosen for a referral", Object: string(i.ID)}, Stage, i.Exhibit)
	if err == nil && len(open) == 0 {
		err = refused[i.Exhibit]
	}
	if err != nil {
		return nil, err
	}
	src, err := b.content(b.ctx, open, i)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size()))
	if err := errors.Join(err, src.Close()); err != nil {
		return nil, err
	}
	if d, err := digest.Sum(bytes.NewReader(data)); err != nil || d.SHA256 != i.SHA256 {
		return nil, fault.New(fault.Corrupt, "refer: item %s is not what was read", i.ID)
	}
	return data, nil
}

func (b *builder) content(ctx context.Context, open []*evidence.Sealed, i media.Item) (evidence.Source, error) {
	if i.Parent == "" {
		return open[0].Open(ctx)
	}
	ms, err := evidence.Members(ctx, b.q, string(i.ID))
	if err != nil {
		return nil, err
	}
	if len(ms) == 0 {
		return nil, fault.New(fault.NotFound, "refer: item %s has no content", i.ID)
	}
	get, err := b.v.Evidence.OpenMembers(ctx, open, ms...)
	if err != nil {
		return nil, err
	}
	return get(ctx, ms[0])
}
