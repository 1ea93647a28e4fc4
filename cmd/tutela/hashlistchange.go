package main

import (
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// hashlistWithdraw takes a list, or some of its entries, out of matching.
type hashlistWithdraw struct {
	List   string  `arg:"" help:"${help_list_id}"`
	Entry  []int64 `placeholder:"NUMBER" help:"${help_list_entry}"`
	Detach bool    `help:"${help_detach}"`
}

// reopenedIn says of one case which matches are open again.
type reopenedIn struct {
	Case     string   `json:"case"`
	Matches  int      `json:"matches"`
	Packages []string `json:"packages,omitempty"` // sealed, that told of them
}

// Run withdraws; matches with what was withdrawn go, are opened again, and the
// packages that told of them are named.
func (c *hashlistWithdraw) Run(a *app) error {
	if err := a.needReason(); err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		var opened []matching.Reopened
		act := audit.Act{Class: audit.Alteration, Verb: "hashlist.withdraw", Object: c.List, Why: a.Why}
		_, err := a.actAs(v, act, func(w *db.Writer) (err error) {
			opened, err = c.withdraw(a, w, staff.ID(v.Actor().KeyID()), v.Now())
			return err
		}, staff.Admin, staff.Supervisor)
		if err != nil {
			return err
		}
		r, err := a.look(v, "hashlist.withdraw", "", c.List, a.Why)
		if err != nil {
			return err
		}
		in, err := a.reopened(r, opened)
		if err != nil {
			return err
		}
		if err := rematch(a, v, c.Detach, a.Why); err != nil {
			return err
		}
		row := map[string]any{"list": c.List, "reopened": in}
		if len(c.Entry) > 0 {
			row["entries"] = c.Entry
			return a.print.value(row, a.text.Text("hashlist.withdrawn.entries", len(c.Entry), c.List))
		}
		row["state"] = hashlists.Withdrawn
		return a.print.value(row, a.text.Text("hashlist.withdrawn", c.List))
	})
}

func (c *hashlistWithdraw) withdraw(a *app, w *db.Writer, by staff.ID, at int64) ([]matching.Reopened, error) {
	l, err := hashlists.Find(a.ctx, w, hashlists.ID(c.List))
	if err != nil {
		return nil, err
	}
	if len(c.Entry) > 0 {
		err = hashlists.Withdraw(a.ctx, w, hashlists.Withdrawal{List: l.ID, Officer: by, At: at, Why: a.Why}, c.Entry...)
	} else {
		err = hashlists.SetState(a.ctx, w, l.ID, hashlists.Withdrawn, a.Why)
	}
	if err != nil {
		return nil, err
	}
	return matching.Reopen(a.ctx, w, matching.Change{Source: l.Source, Purpose: l.Purpose, Officer: by, At: at, Why: a.Why})
}

// reopened tells, case by case, how many matches are open again and which sealed
// packages told of them. What the matches are stays in the cases, and those of
// protected sources are not counted.
func (a *app) reopened(r *db.Reader, opened []matching.Reopened) ([]reopenedIn, error) {
	var out []reopenedIn
	for len(opened) > 0 {
		n := 1
		for n < len(opened) && opened[n].Case == opened[0].Case {
			n++
		}
		in, err := a.reopenedOf(r, opened[:n])
		if err != nil {
			return nil, err
		}
		if in.Matches > 0 {
			out = append(out, in)
		}
		opened = opened[n:]
	}
	return out, nil
}

// reopenedOf is reopened for the matches of one case.
func (a *app) reopenedOf(r *db.Reader, opened []matching.Reopened) (reopenedIn, error) {
	in := reopenedIn{Case: string(opened[0].Case)}
	shown, err := matching.ReopenedOf(a.ctx, r, opened[0].Case, cases.View{}, true)
	if err != nil {
		return in, err
	}
	known := map[string]bool{}
	for _, m := range shown {
		known[m.Match] = true
	}
	opened = slices.DeleteFunc(slices.Clone(opened), func(m matching.Reopened) bool { return !known[m.Match] })
	if in.Matches = len(opened); in.Matches == 0 {
		return in, nil
	}
	if in.Packages, err = a.packages(r, opened...); err != nil {
		return in, err
	}
	a.print.line(a.text.Text("hashlist.reopened", in.Case, in.Matches))
	if len(in.Packages) > 0 {
		a.print.line(a.text.Text("hashlist.reopened.packages", strings.Join(in.Packages, ", ")))
	}
	return in, nil
}

// packages names the sealed packages that told of the matches, each once.
func (a *app) packages(r *db.Reader, of ...matching.Reopened) ([]string, error) {
	sealed, err := referrals.Resting(a.ctx, r, of...)
	var out []string
	seen := map[referrals.ID]bool{}
	for _, s := range sealed {
		if !seen[s.Referral] {
			out = append(out, string(s.Referral))
		}
		seen[s.Referral] = true
	}
	return out, err
}

// hashlistReopened lists the matches of a case that are open again.
type hashlistReopened struct {
	ofCase   `embed:""`
	shielded `embed:""`
	All      bool `help:"${help_reopened_all}"`
}

// reopenedRow is a match that is open again, as the verb prints it.
type reopenedRow struct {
	Match     string   `json:"match"`
	Item      string   `json:"item"`
	Cause     string   `json:"cause"`
	Was       string   `json:"was"`
	Now       string   `json:"now,omitempty"`
	List      string   `json:"list"`
	Version   string   `json:"version"`
	Entry     int64    `json:"entry"`
	SourceID  string   `json:"source_id,omitempty"`
	Algorithm string   `json:"algorithm"`
	Distance  int      `json:"distance"`
	Tier      string   `json:"tier"`
	At        string   `json:"at"`
	Why       string   `json:"why"`
	Packages  []string `json:"packages,omitempty"`
	SettledBy string   `json:"settled_by,omitempty"`
	Settled   string   `json:"settled,omitempty"`
}

// Run lists them, the latest first, with the packages that told of each.
func (c *hashlistReopened) Run(a *app) error {
	return a.inView(c.Case, "match.reopened", c.shielded, func(in *room) error {
		list, err := matching.ReopenedOf(a.ctx, in.r, in.k.ID, in.view, !c.All)
		if err != nil {
			return err
		}
		rows := make([]reopenedRow, len(list))
		for i, r := range list {
			rows[i] = reopenedRow{Match: r.Match, Item: string(r.Item), Cause: string(r.Cause), Was: r.Was, Now: r.Is, List: string(r.List),
				Version: r.Version, Entry: r.Number, SourceID: r.SourceID, Algorithm: r.Algorithm, Distance: r.Distance, Tier: string(r.Tier),
				At: utc(r.At), Why: r.Why, SettledBy: string(r.SettledBy), Settled: r.SettledWhy}
			if rows[i].Packages, err = a.packages(in.r, r); err != nil {
				return err
			}
		}
		t := a.text
		return table(a.print, rows,
			column[reopenedRow]{t.Text("col.match"), func(r reopenedRow) string { return r.Match }},
			column[reopenedRow]{t.Text("col.item"), func(r reopenedRow) string { return r.Item }},
			column[reopenedRow]{t.Text("col.cause"), func(r reopenedRow) string { return t.Text("reopened." + r.Cause) }},
			column[reopenedRow]{t.Text("col.category"), func(r reopenedRow) string { return strings.TrimSuffix(r.Was+" → "+r.Now, " → ") }},
			column[reopenedRow]{t.Text("col.list"), func(r reopenedRow) string { return r.List }},
			column[reopenedRow]{t.Text("col.packages"), func(r reopenedRow) string { return strings.Join(r.Packages, ", ") }},
			column[reopenedRow]{t.Text("col.settled"), func(r reopenedRow) string { return r.Settled }})
	})
}

// hashlistSettle records that a person has dealt with a match that was open again.
type hashlistSettle struct {
	ofCase `embed:""`
	Match  string `arg:"" help:"${help_reopened_match}"`
}

// Run settles; the reason says what came of it.
func (c *hashlistSettle) Run(a *app) error {
	return a.inCase(c.Case, "match.reopened", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		n := 0
		err := in.do(audit.Alteration, "match.settle", c.Match, caseRoles(), func(w *db.Writer) (err error) {
			n, err = matching.Settle(a.ctx, w, in.k.ID, c.Match, in.me(), in.v.Now(), a.Why)
			return err
		})
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"match": c.Match, "settled": n}, a.text.Text("hashlist.settled", c.Match))
	})
}
