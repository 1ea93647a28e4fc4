package referrals

import (
	"context"
	"slices"

	"tutela/casework/cases"
	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/persons"
	"tutela/casework/tips"
	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// matter is what a case holds that a cut needs. What a protected source would
// be given away by is in it for the masks alone.
type matter struct {
	k           cases.Case
	marks       map[string]map[cases.MarkKind]bool // by object
	exhibits    map[string]evidence.Exhibit
	closed      map[string]bool // exhibits that may not be told: held, in quarantine, erased, privileged
	groups      map[chats.GroupID]chats.Listed
	behind      map[string]string // exhibit of each group, also where the view hides it
	tips        []tips.Listed
	untoldMails map[string]bool // by item, where a mark keeps the mail out
	items       []media.Item    // visible
	matches     map[media.ID][]matching.Listed

	standings []identifiers.Standing // of the country, visible
	everybody []identifiers.Listed   // protected ones too
	spellings map[identifiers.ID][]string

	persons     []persons.Person // visible
	everyPerson []persons.Person
	uses        []persons.Assignment
	claims      []persons.Claim
	subjects    []string // of every group, protected ones too
	senders     []string // of every mail as written, protected ones too
	files       []string // names of exhibits, items and attachments, protected ones too
}

func (m *matter) marked(object string, kind cases.MarkKind) bool { return m.marks[object][kind] }

// untold reports whether a mark keeps an object out of every package.
func (m *matter) untold(object string) bool {
	return m.marked(object, cases.Protected) || m.marked(object, cases.Privileged)
}

// shut reports whether the exhibit, or the one behind a group, may not be told.
func (m *matter) shut(exhibit, group string) bool {
	return m.closed[exhibit] || m.closed[m.behind[group]]
}

// unopened reports whether a mention stands where nothing may be told of.
func (m *matter) unopened(x identifiers.Mention) bool {
	return m.shut(x.Exhibit, x.Group) || m.untold(x.Item) || m.untold(x.Group) || m.untold(x.Message) || m.untoldMails[x.Item]
}

// load reads the case.
func (r *Room) load(ctx context.Context, q db.Queryer, req Request) (*matter, error) {
	m := &matter{marks: map[string]map[cases.MarkKind]bool{}, exhibits: map[string]evidence.Exhibit{}, closed: map[string]bool{},
		groups: map[chats.GroupID]chats.Listed{}, behind: map[string]string{}, untoldMails: map[string]bool{}, matches: map[media.ID][]matching.Listed{}, spellings: map[identifiers.ID][]string{}}
	var err error
	if m.k, err = cases.Find(ctx, q, req.Case); err != nil {
		return nil, err
	}
	if m.k.ID != req.Case {
		return nil, fault.New(fault.NotFound, "refer: no case %s", req.Case)
	}
	for _, step := range []func(context.Context, db.Queryer, Request) error{m.loadMarks, m.loadChats, m.loadItems, m.loadIdentifiers, m.loadPersons} {
		if err := step(ctx, q, req); err != nil {
			return nil, err
		}
	}
	return m, r.loadExhibits(ctx, q, m)
}

func (m *matter) loadMarks(ctx context.Context, q db.Queryer, req Request) error {
	all, err := cases.Marks(ctx, q, req.Case, "")
	for _, k := range all {
		if m.marks[k.Object] == nil {
			m.marks[k.Object] = map[cases.MarkKind]bool{}
		}
		m.marks[k.Object][k.Kind] = k.Set
	}
	return err
}

func (m *matter) loadChats(ctx context.Context, q db.Queryer, req Request) error {
	shown, err := chats.Groups(ctx, q, req.Case, cases.View{})
	if err != nil {
		return err
	}
	for _, g := range shown {
		m.groups[g.ID] = g
	}
	all, err := chats.Groups(ctx, q, req.Case, cases.View{Protected: true})
	if err != nil {
		return err
	}
	for _, g := range all {
		m.subjects = append(m.subjects, g.Subject)
		m.behind[string(g.ID)] = g.Exhibit
	}
	every, err := tips.List(ctx, q, req.Case, cases.View{Protected: true})
	if err != nil {
		return err
	}
	for _, t := range every {
		m.subjects, m.senders = append(m.subjects, t.Subject), append(m.senders, t.From)
		m.untoldMails[t.Item] = m.untold(string(t.ID))
	}
	m.tips, err = tips.List(ctx, q, req.Case, cases.View{})
	return err
}

func (m *matter) loadItems(ctx context.Context, q db.Queryer, req Request) error {
	all, err := media.Items(ctx, q, media.Query{Case: req.Case, View: cases.View{Protected: true}})
	if err != nil {
		return err
	}
	for _, i := range all {
		m.files = append(m.files, i.Name)
	}
	named, err := chats.FileNames(ctx, q, req.Case)
	if err != nil {
		return err
	}
	m.files = append(m.files, named...)
	if m.items, err = media.Items(ctx, q, media.Query{Case: req.Case}); err != nil {
		return err
	}
	hits, err := matching.OfCase(ctx, q, req.Case, cases.View{})
	for _, h := range hits {
		m.matches[h.Item] = append(m.matches[h.Item], h)
	}
	return err
}

func (m *matter) loadIdentifiers(ctx context.Context, q db.Queryer, req Request) error {
	var err error
	if m.standings, err = identifiers.Standings(ctx, q, req.Case, req.Country, cases.View{}); err != nil {
		return err
	}
	if m.everybody, err = identifiers.List(ctx, q, req.Case, "", cases.View{Protected: true}); err != nil {
		return err
	}
	wanted := make([]identifiers.ID, len(m.everybody))
	for i, x := range m.everybody {
		wanted[i] = x.ID
	}
	all, err := identifiers.Spellings(ctx, q, wanted...)
	for _, s := range all {
		m.spellings[s.Identifier] = append(m.spellings[s.Identifier], s.Written)
	}
	return err
}

func (m *matter) loadPersons(ctx context.Context, q db.Queryer, req Request) error {
	var err error
	if m.persons, err = persons.List(ctx, q, req.Case, cases.View{}); err != nil {
		return err
	}
	if m.everyPerson, err = persons.List(ctx, q, req.Case, cases.View{Protected: true}); err != nil {
		return err
	}
	if m.uses, err = persons.Assignments(ctx, q, req.Case); err != nil {
		return err
	}
	m.claims, err = persons.Claims(ctx, q, req.Case)
	return err
}

// loadExhibits reads the exhibits and which of them may not be told to others.
func (r *Room) loadExhibits(ctx context.Context, q db.Queryer, m *matter) error {
	all, err := evidence.Exhibits(ctx, q, evidence.Query{Case: string(m.k.ID), Protected: true})
	if err != nil {
		return err
	}
	for _, e := range all {
		m.exhibits[e.ID] = e
		m.files = append(m.files, e.Name)
		m.closed[e.ID] = m.marked(e.ID, cases.Privileged)
	}
	_, held, err := r.v.Evidence.Covered(ctx, q, all, Stage)
	for _, e := range held {
		m.closed[e.ID] = true
	}
	return err
}

// acts are the relations that somebody gets into by an act of their own.
func acts() []identifiers.Relation {
	return []identifiers.Relation{identifiers.Author, identifiers.Sender, identifiers.Payer, identifiers.Subscriber, identifiers.Owner}
}

// active reports whether any of the relations is an act.
func active(rs []identifiers.Relation) bool {
	return slices.ContainsFunc(rs, func(r identifiers.Relation) bool { return slices.Contains(acts(), r) })
}
