package identifiers

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"tutela/casework/cases"
	"tutela/fault"
	"tutela/format"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// ID identifies an identifier within a case: a stable id derived from case,
// kind and normalised value.
type ID string

// Kind says what an identifier is.
type Kind string

// The kinds.
const (
	Phone  Kind = "phone"   // E.164: "+34612345678"
	Email  Kind = "email"   // domain in lower case; the local part as written
	URL    Kind = "url"     // scheme and host in lower case, no fragment
	Invite Kind = "invite"  // WhatsApp group invite: "chat.whatsapp.com/CODE"
	Handle Kind = "handle"  // "@name" on a named service
	WAName Kind = "wa-name" // name in an address book or a push name: identifies nobody outside the export
)

// Relation says how an identifier stands to where it was found. Relations are
// never blurred: a mention is not a member, a member is not an author.
type Relation string

// The relations.
const (
	Mentioned    Relation = "mentioned"     // written in a text
	SavedContact Relation = "saved-contact" // in an address book or contact card
	Member       Relation = "member"        // of a group
	Author       Relation = "author"        // of a message
	Sender       Relation = "sender"        // of a mail
	Recipient    Relation = "recipient"     // of a mail
	Payer        Relation = "payer"         // unverified
	Subscriber   Relation = "subscriber"    // by the answer of an operator
	Owner        Relation = "owner"         // of the device or account that an export was made from
)

// Relations returns every relation.
func Relations() []Relation {
	return []Relation{Mentioned, SavedContact, Member, Author, Sender, Recipient, Payer, Subscriber, Owner}
}

// Identifier is one normalised value in one case.
type Identifier struct {
	ID    ID
	Case  cases.ID
	Kind  Kind
	Value string // normalised
	Valid bool   // by the rules of its kind: a phone number in an assigned range
}

// Spelling is one way in which an identifier was written. All are kept.
type Spelling struct {
	Identifier ID
	Written    string
}

// Mention is one occurrence of an identifier.
type Mention struct {
	ID         string
	Case       cases.ID
	Identifier ID
	Relation   Relation
	Exhibit    string
	Item       string // item id
	Group      string // chat group id, or ""
	Message    string // message id, or ""
	Place      format.Place
	Written    string // the spelling here
	Protected  bool   // found in a protected source's own traces
}

// Seen is what a reader hands in: a value somewhere. Batch turns it into rows.
type Seen struct {
	Value
	Relation  Relation
	Exhibit   string
	Item      string
	Group     string
	Message   string
	Place     format.Place
	Protected bool
}

// IdentifierID returns the id of a normalised value in a case.
func IdentifierID(siteRow []byte, c cases.ID, k Kind, value string) ID {
	return ID(ids.Derive(siteRow, "identifier", string(c), string(k), value))
}

// Batch is rows of the room that belong together.
type Batch struct {
	Identifiers []Identifier
	Spellings   []Spelling
	Mentions    []Mention
	Claims      []Claim // proposed countries
}

// Collate turns occurrences into rows, with countries proposed. Equal input
// gives equal rows; values seen several times give one identifier.
func Collate(siteRow []byte, c cases.ID, seen []Seen) Batch {
	var b Batch
	known := map[ID]bool{}
	spelt := map[Spelling]bool{}
	same := map[string]int{}
	for _, s := range seen {
		id := IdentifierID(siteRow, c, s.Kind, s.Norm)
		if !known[id] {
			known[id] = true
			b.Identifiers = append(b.Identifiers, Identifier{ID: id, Case: c, Kind: s.Kind, Value: s.Norm, Valid: s.Valid})
			b.Claims = append(b.Claims, claims(siteRow, c, id, s.Value)...)
		}
		if sp := (Spelling{id, s.Raw}); !spelt[sp] {
			spelt[sp] = true
			b.Spellings = append(b.Spellings, sp)
		}
		at := fmt.Sprint(s.Relation, s.Exhibit, s.Item, s.Group, s.Message, s.Place.Offset, id)
		mid := ids.Derive(siteRow, "mention", string(id), string(s.Relation), s.Exhibit, s.Item, s.Group, s.Message,
			strconv.FormatInt(s.Place.Offset, 10), strconv.Itoa(same[at]))
		same[at]++
		b.Mentions = append(b.Mentions, Mention{ID: mid, Case: c, Identifier: id, Relation: s.Relation, Exhibit: s.Exhibit,
			Item: s.Item, Group: s.Group, Message: s.Message, Place: s.Place, Written: s.Raw, Protected: s.Protected})
	}
	return b
}

// Put writes a batch.
func Put(ctx context.Context, w *db.Writer, b Batch) error {
	// In the order of their keys, so that two acts cannot wait for each other.
	b = Batch{slices.Clone(b.Identifiers), slices.Clone(b.Spellings), slices.Clone(b.Mentions), slices.Clone(b.Claims)}
	slices.SortFunc(b.Identifiers, func(x, y Identifier) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Spellings, func(x, y Spelling) int {
		return cmp.Or(cmp.Compare(x.Identifier, y.Identifier), cmp.Compare(x.Written, y.Written))
	})
	slices.SortFunc(b.Mentions, func(x, y Mention) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Claims, func(x, y Claim) int { return cmp.Compare(x.ID, y.ID) })
	put := func(t db.Table, rows []db.Row) error {
		if len(rows) == 0 {
			return nil
		}
		return w.Put(ctx, t, rows...)
	}
	var is, ss, ms, cs []db.Row
	for _, i := range b.Identifiers {
		if i.ID == "" || i.Case == "" || i.Value == "" {
			return fault.New(fault.Invalid, "identifiers: an identifier needs id, case and value")
		}
		is = append(is, i.row())
	}
	for _, s := range b.Spellings {
		ss = append(ss, db.Row{string(s.Identifier), db.Text(s.Written)})
	}
	for _, m := range b.Mentions {
		ms = append(ms, m.row())
	}
	for _, c := range b.Claims {
		cs = append(cs, c.row())
	}
	for _, err := range []error{put(identifierTable, is), put(spellingTable, ss), put(mentionTable, ms), put(claimTable, cs)} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Listed is an identifier in a list.
type Listed struct {
	Identifier
	Mentions int64 // occurrences, in any relation
	AtRisk   bool  // a child at risk was marked on it, or on what it was found in
}

// List lists the identifiers of a case, those with a child at risk first, then
// by kind and value. Kind "" means all. A protected source's identifiers are
// left out unless the view is protected.
func List(ctx context.Context, q db.Queryer, c cases.ID, k Kind, v cases.View) ([]Listed, error) {
	ls, err := db.Collect(ctx, q, scanListed, selectListed+" WHERE i.case_id = ?1 AND (?2 = '' OR i.kind = ?2) AND "+visible(3)+
		" ORDER BY 7 DESC, i.kind, i.value, i.id", string(c), string(k), v.Protected)
	if err != nil {
		return nil, err
	}
	return sift(ctx, q, v, ls, func(l Listed) Identifier { return l.Identifier })
}

// Count returns how many identifiers List lists of all kinds.
func Count(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (int, error) {
	is, err := db.Collect(ctx, q, scanIdentifier, selectIdentifier+" WHERE i.case_id = ?1 AND "+visible(2), string(c), v.Protected)
	if err != nil {
		return 0, err
	}
	is, err = sift(ctx, q, v, is, func(i Identifier) Identifier { return i })
	return len(is), err
}

// Lookup finds normalised values in every case ("is this known?"); the caller
// shows to an officer only the cases that the officer is entitled to. Values
// that are protected are not found unless the view is protected.
func Lookup(ctx context.Context, q db.Queryer, v cases.View, values ...string) ([]Identifier, error) {
	is, err := db.CollectIn(ctx, q, scanIdentifier, selectIdentifier+" WHERE i.value IN (?*) AND "+visible(1)+
		" ORDER BY i.value, i.kind, i.case_id", values, v.Protected)
	if err != nil {
		return nil, err
	}
	return sift(ctx, q, v, is, func(i Identifier) Identifier { return i })
}

// Find returns identifiers by id; unknown and, unless the view is protected,
// protected ones are left out.
func Find(ctx context.Context, q db.Queryer, v cases.View, wanted ...ID) ([]Identifier, error) {
	is, err := db.CollectIn(ctx, q, scanIdentifier, selectIdentifier+" WHERE i.id IN (?*) AND "+visible(1), plain(wanted), v.Protected)
	if err != nil {
		return nil, err
	}
	return sift(ctx, q, v, is, func(i Identifier) Identifier { return i })
}

// sift takes out links and addresses that contain a protected source's number,
// such as "https://site.example/?tel=NUMBER".
func sift[T any](ctx context.Context, q db.Queryer, v cases.View, in []T, of func(T) Identifier) ([]T, error) {
	if v.Protected || !slices.ContainsFunc(in, func(x T) bool { return of(x).Kind != Phone }) {
		return in, nil
	}
	hidden, err := db.Collect(ctx, q, scanIdentifier, selectIdentifier+` WHERE i.kind = 'phone' AND i.id IN (
		SELECT p.identifier FROM identifier_mention p WHERE p.relation = 'owner' AND p.protected
		UNION SELECT k.object FROM mark k WHERE k.object_kind = 'identifier' AND k.kind = 'protected' AND k.is_set)`)
	var m Masker
	for _, i := range hidden {
		m.AddValue(Phone, i.Value, "")
	}
	return slices.DeleteFunc(in, func(x T) bool {
		i := of(x)
		return i.Kind != Phone && m.Text(i.Value) != i.Value
	}), err
}

// InItems returns the identifiers of a case found in any relation in the given
// items, by id, protected ones too: it is for the stages, not for a view.
func InItems(ctx context.Context, q db.Queryer, c cases.ID, items ...string) ([]Identifier, error) {
	all, err := db.CollectIn(ctx, q, scanIdentifier, `SELECT i.id, i.case_id, i.kind, i.value, i.valid
		FROM (SELECT DISTINCT m.identifier AS id FROM identifier_mention m WHERE m.item IN (?*)) x
		CROSS JOIN identifier i WHERE i.id = x.id AND i.case_id = ?1`, items, string(c)) // in this order, or it goes through the whole case
	slices.SortFunc(all, func(x, y Identifier) int { return cmp.Compare(x.ID, y.ID) })
	return slices.Compact(all), err
}

// Spellings returns every spelling of the given identifiers.
func Spellings(ctx context.Context, q db.Queryer, of ...ID) ([]Spelling, error) {
	return db.CollectIn(ctx, q, scanSpelling, "SELECT identifier, written FROM identifier_spelling WHERE identifier IN (?*) ORDER BY identifier, written", plain(of))
}

// Mentions returns the occurrences of the given identifiers by exhibit and
// place. Unless the view is protected, those in a protected source's own traces
// are left out, and of those that others left in its export the exhibit, item
// and place are: a pointer to what no list shows would give the source away.
func Mentions(ctx context.Context, q db.Queryer, v cases.View, of ...ID) ([]Mention, error) {
	ms, err := db.CollectIn(ctx, q, scanMention, selectMention+` JOIN identifier i ON i.id = m.identifier
		WHERE m.identifier IN (?*) AND (?1 OR NOT `+trace("m")+`) AND `+visible(1)+
		" ORDER BY m.exhibit, m.item, m.place_offset, m.id", plain(of), v.Protected)
	if err != nil || v.Protected {
		return ms, err
	}
	var exhibits []string
	for _, m := range ms {
		exhibits = append(exhibits, m.Exhibit)
	}
	slices.Sort(exhibits)
	hidden, err := db.CollectIn(ctx, q, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) },
		"SELECT e.id FROM exhibit e WHERE e.id IN (?*) AND (e.protected OR "+cases.Marked("e.id", cases.Protected)+")", slices.Compact(exhibits))
	for n := range ms {
		if m := &ms[n]; slices.Contains(hidden, m.Exhibit) {
			m.Exhibit, m.Item, m.Place = "", "", format.Place{}
		}
	}
	return ms, err
}

// Hidden is an SQL condition for the rooms' lists: true when the identifier in
// a column (such as "m.identifier") belongs to a protected source: an officer
// marked it, a protected export is its own, or it sent a mail that was marked
// later. Names of address books identify nobody and are not followed across
// exports. The argument may not come from outside the program.
func Hidden(column string) string {
	return "(" + cases.Marked(column, cases.Protected) + ` OR EXISTS (SELECT 1 FROM identifier_mention hp
		JOIN identifier hi ON hi.id = hp.identifier WHERE hp.identifier = ` + column +
		" AND hp.relation = 'owner' AND hp.protected AND hi.kind <> 'wa-name') OR EXISTS (SELECT 1 FROM identifier_mention hs WHERE hs.identifier = " +
		column + " AND hs.relation = 'sender' AND " + markedLater("hs") + "))"
}

// markedLater is the condition that the mail or text of a mention was marked.
func markedLater(alias string) string {
	return "(" + cases.Marked(alias+".exhibit", cases.Protected) + " OR " + cases.Marked(alias+".item", cases.Protected) + ")"
}

// trace is the condition that a mention is a protected source's own: found to
// be, or in a mail or text that was marked later. Of a chat that was marked
// later Withhold settles which are.
func trace(alias string) string {
	return "(" + alias + ".protected OR " + alias + ".group_id = '' AND " + markedLater(alias) + ")"
}

// visible hides what would give a protected source away: identifiers that are
// Hidden, and those that are found nowhere but in the source's own traces. The
// numbered argument is View.Protected.
func visible(arg int) string {
	return fmt.Sprintf(`(?%d OR NOT (%s
		OR NOT EXISTS (SELECT 1 FROM identifier_mention p WHERE p.identifier = i.id AND NOT %s)))`, arg, Hidden("i.id"), trace("p"))
}

// Withhold sets the Protected flag of the mentions of one chat group anew, when
// it becomes known whose export it is: those of the withheld identifiers (as
// members, authors or contacts), and every mention inside the withheld
// messages. owners replaces what was said of owners; what only that mentioned
// goes with it.
func Withhold(ctx context.Context, w *db.Writer, group string, withheld map[ID]bool, messages map[string]bool, owners Batch) error {
	ms, err := db.Collect(ctx, w, scanMention, selectMention+" WHERE m.group_id = ?1 ORDER BY m.id", group)
	if err != nil {
		return err
	}
	var changed []Mention
	var gone []db.Row
	dropped := map[ID]bool{}
	for _, m := range ms {
		if m.Relation == Owner {
			dropped[m.Identifier] = true
			gone = append(gone, db.Row{m.ID})
			continue
		}
		hide := messages[m.Message] || m.Relation != Mentioned && withheld[m.Identifier]
		if m.Protected != hide {
			m.Protected = hide
			changed = append(changed, m)
		}
	}
	if len(gone) > 0 {
		if err := w.Delete(ctx, mentionTable, gone...); err != nil {
			return err
		}
	}
	if err := Put(ctx, w, Batch{Mentions: changed}); err != nil {
		return err
	}
	if err := Put(ctx, w, owners); err != nil {
		return err
	}
	return tidy(ctx, w, dropped)
}

func plain(in []ID) []string {
	out := make([]string, len(in))
	for i, id := range in {
		out[i] = string(id)
	}
	return out
}
