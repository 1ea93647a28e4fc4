package referrals

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

const (
	maxProofs = 500     // messages of a package that are proved one by one
	maxStated = 1 << 14 // rows of one act of statements
)

// statement is a row that is made to be opened in a package: it holds nothing
// but what the package says itself. The rows of exhibits and messages cannot
// be opened, because a proof shows a row and its act whole: file names, places,
// ids of the case, reasons.
type statement struct {
	name  string // of the proof
	leaf  string
	kind  string // exhibit, message
	sha   string // of the exhibit, "" for a protected one
	by    string // value of the author's identifier
	time  string // as written
	text  string
	about string
}

func (s statement) row() db.Row {
	return db.Row{s.leaf, s.kind, s.sha, db.Text(s.by), db.Text(s.time), db.Text(s.text)}
}

// state lists what of the package can be proved: exhibits with digests, and
// messages that are quoted whole and in their own words. The leaf hangs on
// country, state and content, so that what was stated once is found whatever
// was asked for besides.
func (b *builder) state() {
	add := func(s statement, of string) {
		s.leaf = ids.Derive(b.v.Keys.Site.Row, "statement", string(b.req.Case), b.cut.State, b.req.Country, s.kind, of, s.sha, s.by, s.time, s.text)
		b.cut.statements = append(b.cut.statements, s)
	}
	sha := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(b.exhibitAt)) {
		if e := b.m.exhibits[id]; !b.shielded(id, "") && !b.m.closed[id] && e.ID != "" {
			label := b.id("exhibit", id)
			sha[label] = e.SHA256.String()
			add(statement{name: label, kind: "exhibit", sha: sha[label], time: utc(e.Sealed), about: b.text.Text("cut.proof.exhibit", label)}, id)
		}
	}
	values := map[string]string{}
	for _, x := range b.taken {
		values[x.ID] = x.Value
	}
	proved, unproved := 0, 0
	for _, m := range b.cut.Package.Messages {
		if m.Masks > 0 || b.reworded[m.ID] || proved >= maxProofs || sha[m.Source.Exhibit] == "" {
			unproved++
			continue
		}
		proved++
		add(statement{name: m.ID, kind: "message", sha: sha[m.Source.Exhibit], by: values[m.Author], time: m.Time.Text, text: m.Text,
			about: b.text.Text("cut.proof.message", m.ID)}, b.origin[m.ID])
	}
	if unproved > 0 {
		b.leave(LeftOut{Kind: "message", Reason: Unproved, Count: unproved})
	}
}

// laid is an act that holds statements.
type laid struct {
	act   string // "" = nobody wrote it
	idx   int64  // its place in the log
	alone bool   // for one request, not for every country
}

// anchors are the leaves that mark an act of statements, even one without any:
// that of the state of the case, for every country, and that of one request
// alone.
func (r *Room) anchors(c *Cut) (all, alone string) {
	row := r.v.Keys.Site.Row
	return ids.Derive(row, "statement", "all", string(c.Request.Case), c.State), ids.Derive(row, "statement", "alone", c.key)
}

// formerAnchor is that of the acts that version 1 of the rules wrote, one for
// each request. Nothing is proved by them any more; they can be forgotten.
func (r *Room) formerAnchor(c *Cut) string {
	return ids.Derive(r.v.Keys.Site.Row, "statement", c.key, "anchor", "")
}

// leafIn is the leaf of a statement in an act: one row cannot stand in two.
func (r *Room) leafIn(l laid, c *Cut, leaf string) string {
	if !l.alone {
		return leaf
	}
	_, alone := r.anchors(c)
	return ids.Derive(r.v.Keys.Site.Row, "statement", "alone", alone, leaf)
}

// stated returns the act that holds the statements of a cut.
func (r *Room) stated(ctx context.Context, q db.Queryer, c *Cut) (laid, error) {
	all, alone := r.anchors(c)
	act, idx, err := statedIn(ctx, q, alone)
	if err != nil || act != "" {
		return laid{act, idx, true}, err
	}
	act, idx, err = statedIn(ctx, q, all)
	return laid{act, idx, false}, err
}

// record writes the statements of a cut, in an act whose header tells nothing of
// the case. It does not raise the revision.
//
// The first cut of a state of the case states for every country that an
// officer confirmed, in one act: the proofs of all packages then have one
// index and one checkpoint, and who holds two of them reads nothing between
// them. What was asked for later and is not among them (an identifier named
// besides), and a case of more than maxStated statements, has an act of its
// own.
func (r *Room) record(ctx context.Context, q db.Queryer, c *Cut) error {
	l, err := r.stated(ctx, q, c)
	if err != nil {
		return err
	}
	all, alone := r.anchors(c)
	if l.act == "" {
		every, err := r.everyCountry(ctx, q, c)
		if err == nil && len(every) < maxStated {
			err = r.lay(ctx, all, every)
		}
		if err != nil {
			return err
		}
		if l, err = r.stated(ctx, q, c); err != nil {
			return err
		}
	}
	place, err := places(ctx, q, l.act)
	if err != nil {
		return err
	}
	there := l.act != ""
	for _, s := range c.statements {
		_, ok := place[r.leafIn(l, c, s.leaf)]
		there = there && ok
	}
	if there || l.alone {
		return nil
	}
	own := map[string]statement{}
	for _, s := range c.statements {
		s.leaf = r.leafIn(laid{alone: true}, c, s.leaf)
		own[s.leaf] = s
	}
	return r.lay(ctx, alone, own)
}

// everyCountry returns by leaf what packages of the state of the case can have
// proved: for the request of a cut, and for the countries that an officer
// confirmed as long as nothing else is asked for.
func (r *Room) everyCountry(ctx context.Context, q db.Queryer, c *Cut) (map[string]statement, error) {
	every := map[string]statement{}
	for _, s := range c.statements {
		every[s.leaf] = s
	}
	m, err := r.load(ctx, q, c.Request)
	if err != nil {
		return nil, err
	}
	countries, err := identifiers.Recipients(ctx, q, c.Request.Case, cases.View{})
	if err != nil {
		return nil, err
	}
	for country := range countries {
		if country == c.Request.Country && len(c.Request.Also) == 0 {
			continue
		}
		req, err := Request{Case: c.Request.Case, Country: country}.complete()
		if err != nil {
			continue // no country that anything could be sent to
		}
		if m.standings, err = identifiers.Standings(ctx, q, req.Case, country, cases.View{}); err != nil {
			return nil, err
		}
		other := r.newCut(req, c.State)
		b := r.builder(ctx, q, other, m)
		for _, step := range []func() error{b.accept, b.collect, b.prepareMask, b.people, b.chats, b.mails, b.relations} {
			if err = step(); err != nil {
				break
			}
		}
		if fault.KindOf(err) == fault.NotFound {
			continue // confirmed, and nobody who wrote something
		}
		if err != nil {
			return nil, err
		}
		b.state()
		for _, s := range other.statements {
			every[s.leaf] = s
		}
	}
	rev, err := revisionOf(ctx, q, c.Request.Case)
	if err == nil && rev.String() != c.State {
		err = busy()
	}
	return every, err
}

// lay writes statements in the order of their leaves, among others that say
// nothing, up to a full tree: neither places nor numbers then speak of what is
// for other countries.
func (r *Room) lay(ctx context.Context, anchor string, of map[string]statement) error {
	rows := []db.Row{{anchor, "anchor", "", "", "", ""}}
	for _, s := range of {
		rows = append(rows, s.row())
	}
	classes := []int{1 << 10, 1 << 14, 1 << 17, 1 << 20} // of a tree: docs/formats/audit.md, section 2
	at, _ := slices.BinarySearch(classes, len(rows))
	for n := len(rows); n < classes[min(at, len(classes)-1)]; n++ {
		rows = append(rows, statement{leaf: ids.Derive(r.v.Keys.Site.Row, "statement", "none", anchor, strconv.Itoa(n))}.row())
	}
	slices.SortFunc(rows, func(x, y db.Row) int { return strings.Compare(x[0].(string), y[0].(string)) })
	a := audit.Act{Class: audit.Disclosure, Verb: "referral.state", Why: "what a package says can be proved piece by piece"}
	_, err := r.desk.Do(ctx, a, func(w *db.Writer) error {
		if act, _, err := statedIn(ctx, w, anchor); err != nil || act != "" {
			return err // another officer was faster
		}
		return w.Put(ctx, statementTable, rows...)
	})
	return err
}
