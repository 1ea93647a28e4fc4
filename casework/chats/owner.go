package chats

import (
	"context"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// Owner is an officer's statement of whose export an exhibit is.
type Owner struct {
	Case    cases.ID
	Exhibit string
	Label   string // label or number of the owner
	Set     bool   // false: taken back
	Officer staff.ID
	At      int64 // microseconds UTC
	Why     string
}

// Known is what people decided about an exhibit's chats; the reading stage
// asks for it, so that a rebuild gives the same rows.
type Known struct {
	Protected bool     // by a mark on the exhibit
	Owners    []string // labels or numbers
}

// KnownOf returns what was decided about an exhibit.
func KnownOf(ctx context.Context, q db.Queryer, exhibit string) (Known, error) {
	os, err := db.Collect(ctx, q, scanOwner, selectOwner+" WHERE exhibit = ?1 AND is_set ORDER BY label", exhibit)
	if err != nil {
		return Known{}, err
	}
	var k Known
	for _, o := range os {
		k.Owners = append(k.Owners, o.Label)
	}
	k.Protected, err = marked(ctx, q, exhibit)
	return k, err
}

// DeclareOwner records whose export an exhibit is, before its chats are read:
// at sealing. Declaring the same again changes nothing; once chats were read
// from the exhibit a new owner is Refused here and set by ChangeOwner.
func DeclareOwner(ctx context.Context, w *db.Writer, o Owner) error {
	if err := o.check(); err != nil {
		return err
	}
	known, err := KnownOf(ctx, w, o.Exhibit)
	if err != nil || o.Set && slices.Contains(known.Owners, o.Label) {
		return err
	}
	_, read, err := db.One(ctx, w, scanGroup, selectGroup+" WHERE g.exhibit = ?1 LIMIT 1", o.Exhibit)
	if err != nil {
		return err
	}
	if read {
		return fault.New(fault.Refused, "chats: exhibit %s was read already; its chats must be settled with the new owner", o.Exhibit)
	}
	return w.Put(ctx, ownerTable, o.row())
}

// ChangeOwner records whose export an exhibit is, or takes it back, and settles
// the chats read from it anew.
func ChangeOwner(ctx context.Context, w *db.Writer, siteRow []byte, o Owner) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := w.Put(ctx, ownerTable, o.row()); err != nil {
		return err
	}
	return Resettle(ctx, w, siteRow, o.Exhibit)
}

func (o Owner) check() error {
	if o.Case == "" || o.Exhibit == "" || strings.TrimSpace(o.Label) == "" || o.Officer == "" {
		return fault.New(fault.Invalid, "chats: an owner needs case, exhibit, label and officer")
	}
	if strings.TrimSpace(o.Why) == "" {
		return fault.New(fault.Invalid, "chats: say how it is known whose export it is")
	}
	return nil
}

// Resettle applies what people decided about an exhibit to the chats already
// read from it. Call it in the act that marks an exhibit as protected; until
// then a marked exhibit's chats are hidden as a whole.
func Resettle(ctx context.Context, w *db.Writer, siteRow []byte, exhibit string) error {
	known, err := KnownOf(ctx, w, exhibit)
	if err != nil {
		return err
	}
	gs, err := db.Collect(ctx, w, scanGroup, selectGroup+" WHERE g.exhibit = ?1 ORDER BY g.id", exhibit)
	if err != nil {
		return err
	}
	sealed, err := evidence.ByID(ctx, w, exhibit)
	if err != nil {
		return err
	}
	for _, g := range gs {
		if len(sealed) == 1 { // a mark that was taken back leaves what was decided at sealing
			g.Protected = sealed[0].Protected
		}
		c, err := load(ctx, w, g)
		if err != nil {
			return err
		}
		Settle(&c, known)
		if err := Put(ctx, w, Chat{Group: c.Group, Members: c.Members, Messages: c.Messages}); err != nil {
			return err
		}
		if err := withhold(ctx, w, siteRow, c, known); err != nil {
			return err
		}
	}
	return nil
}

// withhold tells the identifiers' room what a settled chat withholds.
func withhold(ctx context.Context, w *db.Writer, siteRow []byte, c Chat, known Known) error {
	hidden, messages := map[identifiers.ID]bool{}, map[string]bool{}
	for _, m := range c.Members {
		if m.Identifier != "" && m.Withheld {
			hidden[m.Identifier] = true
		}
	}
	for _, m := range c.Messages {
		if m.Withheld {
			messages[string(m.ID)] = true
		}
	}
	g := c.Group
	owners := identifiers.Collate(siteRow, g.Case, ownerSightings(c, known))
	return identifiers.Withhold(ctx, w, string(g.ID), hidden, messages, owners)
}

// ownerSightings returns the identifiers of the export's owner: the labels in
// the chat and, when it is protected, whatever else people know the owner by,
// so that it is hidden in other exports too.
func ownerSightings(c Chat, known Known) []identifiers.Seen {
	var all []identifiers.Seen
	see := func(label string) {
		if v, err := identifiers.ParseLabel(label); err == nil {
			all = append(all, identifiers.Seen{Value: v, Relation: identifiers.Owner, Exhibit: c.Group.Exhibit, Item: c.Group.Item,
				Group: string(c.Group.ID), Protected: c.Group.Protected})
		}
	}
	for _, m := range c.Members {
		if m.Owner {
			see(m.Label)
		}
	}
	for _, d := range known.Owners {
		isMember := func(m Member) bool { return sameLabel(d, m.Label) }
		if c.Group.Protected && !slices.ContainsFunc(c.Members, isMember) {
			see(d)
		}
	}
	return all
}

// load reads a whole chat.
func load(ctx context.Context, q db.Queryer, g Group) (Chat, error) {
	c := Chat{Group: g}
	var err error
	if c.Members, err = db.Collect(ctx, q, scanMember, selectMember+" WHERE group_id = ?1 ORDER BY label", string(g.ID)); err != nil {
		return c, err
	}
	if c.Messages, err = db.Collect(ctx, q, scanMessage, selectMessage+" WHERE m.group_id = ?1 ORDER BY m.ordinal", string(g.ID)); err != nil {
		return c, err
	}
	c.Events, err = db.Collect(ctx, q, scanEvent, selectEvent+" WHERE group_id = ?1 ORDER BY message, ordinal", string(g.ID))
	return c, err
}

// Settle decides whose export a chat is, sets the direction of every message
// by that, and, when the export is protected, withholds what gives its owner
// away. It is a pure function of its arguments.
//
// The owner is, in this order: who people said it is; who wrote a record in
// the owner's words ("You deleted this message" under a name); in a chat of two
// the party that is not the subject; otherwise unknown. A protected export
// whose owner is unknown withholds every author who is not named in an event,
// because apps write the owner as "You" there, never by name.
func Settle(c *Chat, known Known) {
	c.Group.Protected = c.Group.Protected || known.Protected
	owners := c.owners(known.Owners)
	c.Group.OwnerUnknown = c.Group.Protected && len(owners) == 0
	hidden := owners
	if c.Group.OwnerUnknown {
		hidden = c.candidates()
	}
	for i := range c.Members {
		m := &c.Members[i]
		m.Owner = owners[m.Label]
		m.Withheld = c.Group.Protected && hidden[m.Label]
	}
	for i := range c.Messages {
		m := &c.Messages[i]
		m.Direction = direction(*m, owners)
		m.Withheld = c.Group.Protected && (m.Own || hidden[m.Author])
	}
}

func direction(m Message, owners map[string]bool) Direction {
	switch {
	case m.Author == "" || len(owners) == 0:
		return DirectionUnknown
	case owners[m.Author]:
		return Sent
	}
	return Received
}

// owners returns the labels of the export's owner.
func (c *Chat) owners(declared []string) map[string]bool {
	owners := map[string]bool{}
	for _, m := range c.Members {
		if slices.ContainsFunc(declared, func(d string) bool { return sameLabel(d, m.Label) }) {
			owners[m.Label] = true
		}
	}
	if len(owners) > 0 {
		return owners
	}
	for _, m := range c.Messages {
		if m.Own && m.Author != "" {
			owners[m.Author] = true
		}
	}
	if len(owners) > 0 || c.Group.Kind != DirectChat {
		return owners
	}
	others := c.authors()
	for a := range others {
		if sameLabel(a, c.Group.Subject) {
			delete(others, a)
			if len(others) == 1 {
				return others
			}
			break
		}
	}
	return owners
}

// candidates returns every author who may be the owner: those not named in any
// event, and in a chat of two those who are not the subject.
func (c *Chat) candidates() map[string]bool {
	all := c.authors()
	for _, m := range c.Members {
		all[m.Label] = true
	}
	for _, e := range c.Events {
		if !e.SubjectOwn {
			delete(all, e.Subject)
		}
		if !e.ByOwn {
			delete(all, e.By)
		}
	}
	for a := range all {
		if c.Group.Kind == DirectChat && sameLabel(a, c.Group.Subject) {
			delete(all, a)
		}
	}
	return all
}

func (c *Chat) authors() map[string]bool {
	all := map[string]bool{}
	for _, m := range c.Messages {
		if m.Author != "" {
			all[m.Author] = true
		}
	}
	return all
}

// sameLabel compares labels by their normalised form, so that spellings of one
// number are one.
func sameLabel(a, b string) bool {
	x, errA := identifiers.ParseLabel(a)
	y, errB := identifiers.ParseLabel(b)
	return a == b || errA == nil && errB == nil && x.Kind == y.Kind && x.Norm == y.Norm
}
