package referrals_test

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/persons"
	"tutela/casework/tips"
	"tutela/format"
	"tutela/format/whatsapp"
	"tutela/format/when"
	"tutela/hash/digest"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// filling writes what was read of a world's exhibits, as the stages do.
type filling struct {
	*canarySite
	w        *world
	exhibits map[string]evidence.Exhibit // by name
	intake   *evidence.Intake
	members  []evidence.Member
	items    []media.Item
	seen     []identifiers.Seen
	marks    []cases.Mark
	tokens   []string // ids that mean something outside of a package
}

func (f *filling) put(ctx context.Context, dw *db.Writer) error {
	steps := []func(context.Context, *db.Writer) error{f.putItems, f.putChats, f.putMails, f.putIdentifiers, f.putPersons, f.putDecisions, f.putRest}
	for _, step := range steps {
		if err := step(ctx, dw); err != nil {
			return err
		}
	}
	return nil
}

func (f *filling) putItems(ctx context.Context, dw *db.Writer) error {
	for _, name := range slices.Sorted(maps.Keys(f.exhibits)) {
		e := f.exhibits[name]
		i := media.Item{ID: media.ItemID(f.row(), e.ID, "", 0), Case: f.w.id, Exhibit: e.ID, Name: e.Name, Size: e.Size, MD5: e.MD5, SHA1: e.SHA1,
			SHA256: e.SHA256, State: media.Read, Protected: e.Protected, Kind: "text", MIME: "text/plain"}
		for _, p := range f.w.photos() {
			if p.exhibit == e.ID {
				i.Kind, i.MIME, p.item = "picture", p.mime, string(i.ID)
			}
		}
		f.items = append(f.items, i)
	}
	for _, p := range f.w.photos() {
		if p.missing || p.item != "" {
			continue
		}
		e := f.exhibits[p.of.name()]
		i := media.Item{ID: media.ItemID(f.row(), e.ID, p.path(), 0), Case: f.w.id, Exhibit: e.ID, Parent: media.ItemID(f.row(), e.ID, "", 0),
			Path: p.path(), Name: p.file(), Size: int64(len(p.data)), MD5: md5.Sum(p.data), SHA1: sha1.Sum(p.data),
			SHA256: digest.ID(sha256.Sum256(p.data)), State: media.Read, Protected: e.Protected, Kind: "picture", MIME: p.mime, Depth: 1}
		p.item, p.exhibit = string(i.ID), e.ID
		f.items = append(f.items, i)
	}
	if err := f.intake.Put(ctx, dw, f.members...); err != nil {
		return err
	}
	if err := media.PutItems(ctx, dw, f.items...); err != nil {
		return err
	}
	var found []media.Finding
	var results []media.Result
	for _, i := range f.items {
		found = append(found, media.FromReader(f.row(), media.Finding{Case: f.w.id, Exhibit: i.Exhibit, Item: i.ID, Stage: "read", Version: "1"},
			format.Finding{Code: "read.odd", Detail: f.w.secret("detail of a finding"), Place: format.Place{Path: f.w.secret("place of a finding"), Offset: 7341}})...)
		results = append(results, media.Result{Case: f.w.id, Subject: string(i.ID), Stage: "read", Version: "1", Outcome: media.Done})
	}
	if err := media.PutFindings(ctx, dw, found...); err != nil {
		return err
	}
	return media.PutResults(ctx, dw, results...)
}

// mark remembers an officer's mark for putDecisions.
func (f *filling) mark(kind cases.ObjectKind, object string, m cases.MarkKind) {
	if m != "" {
		f.marks = append(f.marks, cases.Mark{Case: f.w.id, ObjectKind: kind, Object: object, Kind: m, Set: true, Officer: f.me(), At: 7,
			Why: f.w.secret("reason of a mark")})
	}
}

func (f *filling) putChats(ctx context.Context, dw *db.Writer) error {
	for _, e := range f.w.exports {
		ex := f.exhibits[e.name()]
		e.exhibit = ex.ID
		if e.privileged {
			f.mark(cases.ExhibitObject, ex.ID, cases.Privileged)
		}
		var names []string
		at := map[string]*photo{}
		for _, l := range e.lines {
			if l.photo != nil && !l.photo.missing {
				names, at[l.photo.file()] = append(names, l.photo.file()), l.photo
			}
		}
		in, _ := whatsapp.Read([]byte(e.chat()), append(names, "other.txt"), format.Limits{})
		kind := chats.GroupChat
		if e.direct {
			kind = chats.DirectChat
		}
		g := chats.Group{Case: f.w.id, Exhibit: ex.ID, Item: string(media.ItemID(f.row(), ex.ID, "", 0)), Kind: kind, Protected: e.protected, Subject: e.called()}
		c := chats.FromWhatsApp(f.row(), g, 0, in, func(member string) (string, int64) { return at[member].item, int64(len(at[member].data)) })
		known := chats.Known{}
		if e.declared {
			known.Owners = []string{e.owner.label()}
			o := chats.Owner{Case: f.w.id, Exhibit: ex.ID, Label: e.owner.label(), Set: true, Officer: f.me(), At: 1, Why: f.w.secret("reason of an owner")}
			if err := chats.DeclareOwner(ctx, dw, o); err != nil {
				return err
			}
		}
		chats.Settle(&c, known)
		if len(c.Messages) != len(e.lines) {
			return fmt.Errorf("the export of seed has %d records, %d were written:\n%s", len(c.Messages), len(e.lines), e.chat())
		}
		for n, m := range c.Messages {
			f.mark(cases.MessageObject, string(m.ID), e.lines[n].marked)
			f.tokens = append(f.tokens, string(m.ID))
		}
		f.mark(cases.GroupObject, string(c.Group.ID), e.marked)
		f.tokens = append(f.tokens, string(c.Group.ID))
		if err := chats.Put(ctx, dw, c); err != nil {
			return err
		}
		f.seen = append(f.seen, chats.Sightings(c, known)...)
	}
	return nil
}

func (f *filling) putMails(ctx context.Context, dw *db.Writer) error {
	for n, m := range f.w.mails {
		ex := f.exhibits[m.name()]
		item := string(media.ItemID(f.row(), ex.ID, "", 0))
		m.exhibit = ex.ID
		wall := fmt.Sprintf("2026-03-20T10:%02d:00", n)
		t := tips.Tip{ID: tips.NewID(f.row(), ex.ID, item), Case: f.w.id, Exhibit: ex.ID, Item: item, MessageID: f.w.open("id of a mail", nobody) + "@host.example",
			From: m.display.value + " <" + m.sender.value + ">", Subject: m.subject.String(), Text: m.said.String(), Protected: m.protected,
			Received: when.Time{Text: wall + " +0000", Wall: wall, Zone: "Z", UTC: wall + "Z", Precision: when.Second}}
		m.id = string(t.ID)
		f.mark(cases.TipObject, m.id, m.marked)
		if err := tips.Put(ctx, dw, t); err != nil {
			return err
		}
		base := identifiers.Seen{Exhibit: ex.ID, Item: item, Protected: m.protected}
		see := func(v identifiers.Value, r identifiers.Relation) {
			s := base
			s.Value, s.Relation = v, r
			if r == identifiers.Owner {
				s.Group = item
			}
			f.seen = append(f.seen, s)
		}
		v, err := identifiers.ParseEmail(m.sender.value)
		if err != nil {
			return err
		}
		see(v, identifiers.Sender)
		if m.protected {
			see(v, identifiers.Owner)
		}
		for _, x := range identifiers.Extract(t.Subject + "\n" + t.Text) {
			see(x.Value, identifiers.Mentioned)
		}
	}
	return nil
}

// value is an identifier as a reader hands it in.
func (i *ident) parsed() identifiers.Value {
	var v identifiers.Value
	var err error
	switch i.kind {
	case identifiers.Email:
		v, err = identifiers.ParseEmail(i.value)
	case identifiers.Handle:
		v, err = identifiers.ParseHandle("telegram", "@"+i.value)
	default:
		v, err = identifiers.ParseLabel(i.label())
	}
	if err != nil || v.Kind != i.kind {
		panic(fmt.Sprint("no identifier: ", i.label(), err))
	}
	return v
}

// putIdentifiers saves everybody as a contact somewhere, so that the case knows
// whom texts name.
func (f *filling) putIdentifiers(ctx context.Context, dw *db.Writer) error {
	ex := f.w.exports[0].exhibit
	for _, i := range f.w.idents {
		v := i.parsed()
		f.seen = append(f.seen, identifiers.Seen{Value: v, Relation: identifiers.SavedContact, Exhibit: ex, Item: string(media.ItemID(f.row(), ex, "", 0)),
			Place: format.Place{Path: f.w.secret("place of a contact")}})
		if i.answer {
			f.seen = append(f.seen, identifiers.Seen{Value: v, Relation: identifiers.Subscriber, Exhibit: ex, Item: string(media.ItemID(f.row(), ex, "", 0))})
		}
		id := string(f.idOf(i))
		f.mark(cases.IdentifierObject, id, i.hidden)
		if i.source && i.hidden == "" {
			f.mark(cases.IdentifierObject, id, cases.Protected)
		}
		f.tokens = append(f.tokens, id)
	}
	return identifiers.Put(ctx, dw, identifiers.Collate(f.row(), f.w.id, f.seen))
}

func (f *filling) idOf(i *ident) identifiers.ID {
	v := i.parsed()
	return identifiers.IdentifierID(f.row(), f.w.id, v.Kind, v.Norm)
}

func (f *filling) putPersons(ctx context.Context, dw *db.Writer) error {
	for _, p := range f.w.records {
		opened, err := f.openPerson(ctx, dw, p)
		if err != nil {
			return err
		}
		p.id = opened.ID
		f.tokens = append(f.tokens, string(p.id))
		f.mark(cases.PersonObject, string(p.id), p.hidden)
		place := func(e *export) persons.Source {
			return persons.Source{Exhibit: e.exhibit, Place: format.Place{Path: f.w.secret("place of a claim")}, Evaluation: "B2"}
		}
		for _, i := range p.uses {
			a := persons.Assignment{Case: f.w.id, Person: p.id, Identifier: f.idOf(i), Relation: "uses", Basis: persons.Assessed, Source: place(p.from),
				Officer: f.me(), At: 4, Why: f.w.secret("reason of an assignment")}
			if err := persons.Assign(ctx, dw, a); err != nil {
				return err
			}
		}
		for _, c := range p.claims {
			x := persons.Claim{ID: f.newID(), Case: f.w.id, Person: p.id, Predicate: c.predicate, Object: c.object.String(), Basis: persons.Reported,
				Source: place(c.from), Officer: f.me(), At: 5}
			if c.of != nil {
				x.Person, x.Identifier = "", f.idOf(c.of)
			}
			if err := persons.PutClaims(ctx, dw, x); err != nil {
				return err
			}
			if c.withdrawn {
				x.Withdrawn = true
				if err := persons.PutClaims(ctx, dw, x); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// openPerson opens a person as what an officer says, at once or later.
func (f *filling) openPerson(ctx context.Context, dw *db.Writer, p *record) (persons.Person, error) {
	change := persons.Change{ID: f.newID(), Officer: f.me(), At: 3, Why: f.w.secret("reason of a category")}
	x := persons.Person{ID: persons.ID(f.newID()), Case: f.w.id, Label: p.label.value, Opened: 3}
	later := f.w.r.IntN(2) == 0
	if !later {
		x.Category, x.Minor = p.category, p.minor
	}
	x, err := persons.Open(ctx, dw, f.v.Rand, x, change)
	f.w.canaries = append(f.w.canaries, &canary{value: x.Pseudonym, kind: aToken, where: "a pseudonym", world: f.w.n, tell: func(c string) standing {
		if !p.shielded() {
			return never
		}
		return min(may, f.w.toldOf(p, c))
	}})
	if err != nil || !later {
		return x, err
	}
	return x, persons.Recategorise(ctx, dw, persons.Change{ID: f.newID(), Person: x.ID, Category: p.category, Minor: p.minor, Officer: f.me(), At: 4,
		Why: f.w.secret("reason of a category")})
}

func (f *filling) putDecisions(ctx context.Context, dw *db.Writer) error {
	var ds []identifiers.Decision
	for _, i := range f.w.idents {
		for _, c := range []string{f.w.target, f.w.second} {
			if v := i.verdict[c]; v != "" {
				ds = append(ds, identifiers.Decision{ID: f.newID(), Case: f.w.id, Identifier: f.idOf(i), Country: c, Verdict: v, Officer: f.me(), At: 6, Why: i.why[c]})
			}
		}
	}
	if err := identifiers.Decide(ctx, dw, ds...); err != nil {
		return err
	}
	return cases.PutMarks(ctx, dw, f.marks...)
}

// putRest puts exhibits into quarantine, hands them over and authorises.
func (f *filling) putRest(ctx context.Context, dw *db.Writer) error {
	files := []*seized{}
	for _, e := range f.w.exports {
		files = append(files, &e.seized)
	}
	for _, m := range f.w.mails {
		files = append(files, &m.seized)
	}
	for _, s := range files {
		id := f.exhibits[s.name()].ID
		if err := f.v.Evidence.HandOver(ctx, dw, f.actor(), f.w.secret("who handed over"), f.w.secret("who received"), f.w.secret("note in custody"), id); err != nil {
			return err
		}
		if s.quarantined {
			if err := f.v.Evidence.Quarantine(ctx, dw, f.actor(), f.w.secret("reason of a quarantine"), id); err != nil {
				return err
			}
		}
		if s.held { // opened and read, but not to be told to others
			a := evidence.Authorisation{Case: string(f.w.id), Issuer: f.w.secret("issuer for a held exhibit"), Reference: f.w.secret("reference for a held exhibit"),
				From: 1, RecordedBy: f.actor(), Covers: evidence.Covers{Exhibits: []string{id}, Stages: []string{"identify", "read"}}}
			if _, err := f.v.Evidence.Authorise(ctx, dw, a); err != nil {
				return err
			}
		}
	}
	for _, g := range f.w.grants {
		a := evidence.Authorisation{Case: string(f.w.id), Issuer: g.issuer.String(), Reference: g.reference.String(), From: 1, RecordedBy: f.actor(),
			Covers: evidence.Covers{Exhibits: []string{f.exhibits[g.of.name()].ID}}}
		if _, err := f.v.Evidence.Authorise(ctx, dw, a); err != nil {
			return err
		}
	}
	return nil
}

// rememberIDs makes canaries of the ids that mean something in the case.
func (f *filling) rememberIDs() {
	for _, i := range f.items {
		f.tokens = append(f.tokens, string(i.ID), i.Exhibit)
	}
	f.tokens = append(f.tokens, string(f.w.id))
	slices.Sort(f.tokens)
	for _, t := range slices.Compact(f.tokens) {
		f.w.canaries = append(f.w.canaries, &canary{value: t, kind: aToken, where: "an id of the case", world: f.w.n, tell: nobody})
	}
	for _, p := range f.w.photos() {
		if sum := sha256.Sum256(p.data); !p.missing {
			f.w.canaries = append(f.w.canaries, &canary{value: hexOf(sum[:]), kind: aToken, where: "digest of an item", world: f.w.n,
				tell: func(c string) standing { return f.w.photoTo(p, c) }})
		}
	}
}

// photoTo says whether a country is told of a picture.
func (w *world) photoTo(p *photo, country string) standing {
	best := never
	for _, e := range w.exports {
		for _, l := range e.lines {
			if l.photo == p && l.author != nil {
				best = max(best, w.saidTo(e, l)(country))
			}
		}
		if e.protected && p.of == &e.seized { // its owner's folder
			best = min(best, may)
		}
	}
	for _, m := range w.mails {
		if m.photo == p {
			best = max(best, w.mailTo(m)(country))
		}
	}
	return best
}
