package identifiers

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// Claim proposes a country for an identifier. A rule that cannot tell proposes
// each country of its set. It is a reason to ask, not a fact about a person.
type Claim struct {
	ID         string
	Case       cases.ID
	Identifier ID
	Country    string // ISO 3166-1 alpha-2, or XK; ZZ where the rule knows that there is none
	Rule       string // "phone.region", "phone.shared", "phone.network", "mail.tld"
	Version    string // of the rule and its data
	Basis      string // "numbering plan +39"
	Among      int    // size of the set that the rule proposes
}

func claims(siteRow []byte, c cases.ID, id ID, v Value) []Claim {
	p := Countries(v)
	var cs []Claim
	for _, country := range p.Countries {
		cs = append(cs, Claim{ID: ids.Derive(siteRow, "country", string(id), p.Rule, p.Version, country), Case: c,
			Identifier: id, Country: country, Rule: p.Rule, Version: p.Version, Basis: p.Basis, Among: len(p.Countries)})
	}
	return cs
}

// Verdict of an officer on a country.
type Verdict string

// The verdicts.
const (
	Proposed  Verdict = "proposed" // nobody decided yet
	Confirmed Verdict = "confirmed"
	Rejected  Verdict = "rejected"
)

// Decision is an officer's verdict on one identifier and country. The newest
// counts; earlier ones stay.
type Decision struct {
	ID         string // ULID
	Case       cases.ID
	Identifier ID
	Country    string
	Verdict    Verdict
	Officer    staff.ID
	At         int64  // microseconds UTC
	Why        string // required
}

// Decide records decisions, singly or in bulk. A country nobody proposed may be
// confirmed: the reason says why. ZZ cannot be a recipient.
func Decide(ctx context.Context, w *db.Writer, ds ...Decision) error {
	ds, err := inOrder(ctx, w, ds)
	if err != nil {
		return err
	}
	rows := make([]db.Row, 0, len(ds))
	for _, d := range ds {
		switch {
		case d.ID == "" || d.Case == "" || d.Identifier == "" || d.Officer == "":
			return fault.New(fault.Invalid, "identifiers: a decision needs id, case, identifier and officer")
		case d.Verdict != Confirmed && d.Verdict != Rejected:
			return fault.New(fault.Invalid, "identifiers: verdict %q is unknown", string(d.Verdict))
		case !IsCountry(d.Country):
			return fault.New(fault.Invalid, "identifiers: %q is not a country of ISO 3166-1, nor XK", d.Country)
		case strings.TrimSpace(d.Why) == "":
			return fault.New(fault.Invalid, "identifiers: a decision on a country needs a reason")
		}
		rows = append(rows, d.row())
	}
	return w.Put(ctx, decisionTable, rows...)
}

// inOrder sets the time of a decision behind that of the one it replaces, where
// the clock of this machine is behind another's: what counts is the order of
// the acts. The act itself keeps the time of its machine.
func inOrder(ctx context.Context, q db.Queryer, ds []Decision) ([]Decision, error) {
	type about struct{ identifier, country string }
	type last struct {
		about
		at int64
	}
	wanted := make([]string, len(ds))
	for i, d := range ds {
		wanted[i] = string(d.Identifier)
	}
	before, err := db.CollectIn(ctx, q, func(r *sql.Rows) (l last, err error) { return l, r.Scan(&l.identifier, &l.country, &l.at) },
		"SELECT identifier, country, MAX(at_us) FROM country_decision WHERE identifier IN (?*) GROUP BY identifier, country", wanted)
	newest := map[about]int64{}
	for _, l := range before {
		newest[l.about] = l.at
	}
	ds = slices.Clone(ds)
	for i := range ds {
		of := about{string(ds[i].Identifier), ds[i].Country}
		if at, decided := newest[of]; decided {
			ds[i].At = max(ds[i].At, at+1)
		}
		newest[of] = ds[i].At
	}
	return ds, err
}

// Standing is where one identifier stands with one country.
type Standing struct {
	Identifier
	AtRisk    bool
	Country   string
	Verdict   Verdict
	Why       string     // the officer's reason, or the rule's basis while proposed
	By        staff.ID   // "" while proposed
	Claims    []Claim    // what was proposed for this country
	Relations []Relation // in which the identifier was found, sorted
}

// Standings lists identifiers × countries of a case: child at risk first, then
// by country, kind and value; country "" means all. Identifiers without any proposal stand under
// ZZ. Protected sources are left out unless the view is protected.
func Standings(ctx context.Context, q db.Queryer, c cases.ID, country string, v cases.View) ([]Standing, error) {
	listed, err := List(ctx, q, c, "", v)
	if err != nil {
		return nil, err
	}
	t, err := loadTable(ctx, q, c, v)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, l := range listed {
		for _, s := range t.standings(l) {
			if country == "" || s.Country == country {
				out = append(out, s)
			}
		}
	}
	sortStandings(out)
	return out, nil
}

// Recipients returns the countries of a case that an officer confirmed, with
// the number of identifiers confirmed for each.
func Recipients(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (map[string]int, error) {
	ds, err := Decisions(ctx, q, c)
	if err != nil {
		return nil, err
	}
	type pair struct {
		id      ID
		country string
	}
	newest, decided := map[pair]Verdict{}, []ID{}
	for _, d := range ds {
		newest[pair{d.Identifier, d.Country}] = d.Verdict
		decided = append(decided, d.Identifier)
	}
	slices.Sort(decided)
	shown, err := Find(ctx, q, v, slices.Compact(decided)...)
	visible := map[ID]bool{}
	for _, i := range shown {
		visible[i.ID] = true
	}
	n := map[string]int{}
	for p, verdict := range newest {
		if verdict == Confirmed && visible[p.id] {
			n[p.country]++
		}
	}
	return n, err
}

// Decisions lists every decision of a case, oldest first.
func Decisions(ctx context.Context, q db.Queryer, c cases.ID) ([]Decision, error) {
	return db.Collect(ctx, q, scanDecision, selectDecision+" WHERE case_id = ?1 ORDER BY at_us, id", string(c))
}
