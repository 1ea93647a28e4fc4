package media

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"tutela/casework/cases"
	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// ID identifies an item: a stable id derived from exhibit and inner path.
type ID string

// State says what is known of an item's bytes.
type State string

// The states.
const (
	Held       State = "held"       // sealed, not authorised to open
	Read       State = "read"       // bytes read and digested
	Unreadable State = "unreadable" // encrypted, truncated or damaged; a finding says why
	Excluded   State = "excluded"   // beyond a limit, or quarantined; a finding says why
)

// Item is one place of one file: an exhibit itself (Path "") or something
// inside it.
type Item struct {
	ID        ID
	Case      cases.ID
	Exhibit   string // exhibit id
	Parent    ID     // the container item, "" for the exhibit itself
	Path      string // inner path, members joined by " › "; "" for the exhibit itself
	Name      string // the last element, as shown to people
	Size      int64  // bytes; of an excluded item those that were read
	MD5       [16]byte
	SHA1      [20]byte
	SHA256    digest.ID
	MIME      string // by content
	Kind      string // "picture", "archive", "chat-text", "mail", … as identified
	State     State
	Depth     int  // containers above it
	Protected bool // inside a protected source's export
	Risk      bool // the exhibit was marked "a child is at risk" when sealed
}

// ItemID returns the id of the item at an inner path of an exhibit. Ordinal
// tells members with the same path apart, in the order of the container.
func ItemID(siteRow []byte, exhibit, path string, ordinal int) ID {
	return ID(ids.Derive(siteRow, "item", exhibit, path, strconv.Itoa(ordinal)))
}

// PutItems writes items.
func PutItems(ctx context.Context, w *db.Writer, items ...Item) error {
	rows := make([]db.Row, 0, len(items))
	for _, i := range items {
		if i.ID == "" || i.Case == "" || i.Exhibit == "" {
			return fault.New(fault.Invalid, "media: an item needs id, case and exhibit")
		}
		rows = append(rows, i.row())
	}
	return w.Put(ctx, itemTable, rows...)
}

// Query chooses and bounds what a list shows.
type Query struct {
	Case    cases.ID
	Exhibit string // "" = all
	Kind    string // "" = all
	View    cases.View
	Limit   int // 0 = all
}

// Items lists items: child at risk first, then by exhibit time order of
// sealing (their ids), then by path and id. Protected sources' items are left
// out unless the view is protected.
func Items(ctx context.Context, q db.Queryer, o Query) ([]Item, error) {
	return db.Collect(ctx, q, scanItem, selectItem+`
		WHERE i.case_id = ?1 AND (?2 = '' OR i.exhibit = ?2) AND (?3 = '' OR i.kind = ?3) AND `+visible(4)+
		" ORDER BY "+riskFirst+", i.exhibit, i.path, i.id"+limit(o.Limit),
		string(o.Case), o.Exhibit, o.Kind, o.View.Protected)
}

// Find returns items by id, in no particular order; unknown ids are left out.
func Find(ctx context.Context, q db.Queryer, wanted ...ID) ([]Item, error) {
	return db.CollectIn(ctx, q, scanItem, selectItem+" WHERE i.id IN (?*)", plain(wanted))
}

// Places returns every occurrence in a case of the given contents, ordered by
// exhibit, path and id.
func Places(ctx context.Context, q db.Queryer, c cases.ID, v cases.View, contents ...digest.ID) ([]Item, error) {
	keys := make([][]byte, len(contents))
	for i := range contents {
		keys[i] = contents[i][:]
	}
	// Sorted here: with ORDER BY, SQLite takes the index of the case and goes
	// through the whole of it.
	all, err := db.CollectIn(ctx, q, scanItem, selectItem+" WHERE i.sha256 IN (?*) AND i.case_id = ?1 AND "+visible(2),
		keys, string(c), v.Protected)
	slices.SortFunc(all, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Exhibit, b.Exhibit), cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// visible is the condition that hides protected sources; the numbered argument
// is View.Protected.
func visible(arg int) string {
	return fmt.Sprintf("(?%d OR NOT (i.protected OR %s OR EXISTS (SELECT 1 FROM mark k WHERE k.object = i.exhibit AND k.kind = 'protected' AND k.is_set)))",
		arg, cases.Marked("i.id", cases.Protected))
}

// riskFirst orders rows with a child at risk before all others.
const riskFirst = `CASE WHEN i.risk OR EXISTS (SELECT 1 FROM mark k
	WHERE (k.object = i.id OR k.object = i.exhibit) AND k.kind = 'risk' AND k.is_set) THEN 0 ELSE 1 END`

func limit(n int) string {
	if n <= 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(n)
}

func plain(in []ID) []string {
	out := make([]string, len(in))
	for i, id := range in {
		out[i] = string(id)
	}
	return out
}
