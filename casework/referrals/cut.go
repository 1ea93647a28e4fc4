package referrals

import (
	"context"
	"strings"
	"time"

	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/referral"
	"tutela/phrase"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// Cut returns what the country would be told. It writes nothing but the
// consultation that opens chosen items. A case that was changed after the
// checkpoint of the request is Refused, because the bytes would be others; so is
// an item that cannot be chosen.
func (r *Room) Cut(ctx context.Context, q db.Queryer, req Request) (*Cut, error) {
	req, err := req.complete()
	if err != nil {
		return nil, err
	}
	rev, err := revisionOf(ctx, q, req.Case)
	if err != nil {
		return nil, err
	}
	c, err := r.cutAt(ctx, q, req, rev.String(), rev.last, false)
	if err != nil {
		return nil, err
	}
	after, err := revisionOf(ctx, q, req.Case)
	if err == nil && after != rev {
		err = busy()
	}
	return c, err
}

func busy() error {
	return fault.Hint(fault.New(fault.Busy, "refer: the case is being worked on"), "Wait until its jobs are done: tutela status.")
}

// cutAt cuts at a state of the case that the caller vouches for. With repeat
// the case may have been changed since: the caller compares the result.
func (r *Room) cutAt(ctx context.Context, q db.Queryer, req Request, state string, last int64, repeat bool) (*Cut, error) {
	c := r.newCut(req, state)
	size, err := r.settle(ctx, q, c, last, repeat)
	if err != nil {
		return nil, err
	}
	m, err := r.load(ctx, q, req)
	if err != nil {
		return nil, err
	}
	b := r.builder(ctx, q, c, m)
	for _, step := range []func() error{b.frame, b.accept, b.collect, b.prepareMask, b.people, b.chats, b.mails, b.relations,
		b.include, b.exhibits, b.claims, b.authorisations, b.coverage} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.sort()
	b.state()
	if err := r.prove(ctx, q, c, size); err != nil {
		return nil, err
	}
	return c, b.name()
}

func (r *Room) newCut(req Request, state string) *Cut {
	return &Cut{Request: req, State: state, files: map[string][]byte{}, key: ids.Derive(r.v.Keys.Site.Row, "referral", state, req.json())}
}

// builder begins a cut out of a case.
func (r *Room) builder(ctx context.Context, q db.Queryer, c *Cut, m *matter) *builder {
	return &builder{Room: r, ctx: ctx, q: q, m: m, cut: c, req: c.Request, text: phrase.For(c.Request.Language),
		taken: map[identifiers.ID]*referral.Identifier{}, labels: map[string]bool{}, itemAt: map[media.ID]int{},
		exhibitAt: map[string]bool{}, groupAt: map[string]bool{}, relationAt: map[string]bool{}, titles: map[string]bool{}, origin: map[string]string{},
		kinds: map[string]string{}, reworded: map[string]bool{}, counts: map[string]*referral.Covered{},
		seed: r.keyed(64, "labels", c.key, c.Checkpoint)}
}

// name gives the package its id. It depends on every byte of the preview, so
// that two packages that differ never have one id: what lies outside of the case
// (the directory, lists, this program) may change between two cuts.
func (b *builder) name() error {
	b.cut.Package.ID = strings.Repeat("0", 32)
	digest, err := b.cut.Digest()
	if err != nil {
		return err
	}
	b.cut.Package.ID = b.keyed(32, "package", b.seed, digest)
	return nil
}

// settle finds the checkpoint to cut at, and its time.
func (r *Room) settle(ctx context.Context, q db.Queryer, c *Cut, last int64, repeat bool) (int64, error) {
	l, err := r.stated(ctx, q, c)
	if err != nil {
		return 0, err
	}
	if c.Checkpoint = c.Request.At; c.Checkpoint == "" {
		if c.Checkpoint, err = noteAfter(ctx, q, max(last, l.idx)); err != nil {
			return 0, err
		}
	}
	if c.Checkpoint == "" {
		return 0, fault.New(fault.Invalid, "refer: the case has no checkpoint yet")
	}
	t, err := r.v.Ledger.Trust(c.Checkpoint)
	if err != nil {
		return 0, err
	}
	point, err := proof.OpenCheckpoint(c.Checkpoint, t.Origin, t.LogKey)
	if err != nil {
		return 0, fault.New(fault.Corrupt, "refer: %w", err)
	}
	if last >= point.Size && !repeat {
		return 0, fault.Hint(fault.New(fault.Refused, "refer: the case was changed after this checkpoint, so that the cut would be another one"),
			"Cut without --at, and let the new preview be approved.")
	}
	us, err := timeBefore(ctx, q, point.Size)
	c.At = time.UnixMicro(us).UTC().Truncate(time.Second)
	return point.Size, err
}

// builder builds one cut.
type builder struct {
	*Room
	ctx  context.Context
	q    db.Queryer
	m    *matter
	cut  *Cut
	req  Request
	text *phrase.Catalog
	mask masker
	seed string // of the labels

	order      []identifiers.ID
	written    []written
	sent       []sentMail
	titles     map[string]bool // subjects that are told
	taken      map[identifiers.ID]*referral.Identifier
	labels     map[string]bool // of the objects that appear
	itemAt     map[media.ID]int
	exhibitAt  map[string]bool
	groupAt    map[string]bool
	relationAt map[string]bool
	subjects   []string                     // of results: items and digests
	counts     map[string]*referral.Covered // by exhibit
	origin     map[string]string            // id in the case by label, of messages
	reworded   map[string]bool              // by label, messages told in words that are not the exhibit's
	kinds      map[string]string            // of exhibits: chat, mail
	originals  []media.Item                 // behind Package.Items; the zero Item where there is no file
}

// id returns the id of something in this package.
func (b *builder) id(kind, of string) string {
	return kind + "-" + b.keyed(12, "label", b.seed, kind, of)
}

func (b *builder) leave(l LeftOut) {
	l.Count = max(l.Count, 1)
	b.cut.LeftOut = append(b.cut.LeftOut, l)
}

// frame fills in who writes to whom about what.
func (b *builder) frame() error {
	own, err := staff.Own(b.ctx, b.q)
	if err != nil {
		return err
	}
	p := &b.cut.Package
	p.Case, p.Country = b.id("case", string(b.m.k.ID)), b.req.Country
	p.From, p.To = referral.Agency{Name: own.Name, Country: own.Country, Channel: own.Channel}, b.req.To
	p.Request, p.Urgent, p.LegalBasis = b.req.Ask, b.req.Urgent, b.req.Basis
	if p.Request == "" {
		p.Request = b.text.Text("cut.request")
	}
	return nil
}
