package referrals

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"tutela/fault"
	"tutela/format/referral"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// maxProofs bounds how many messages of a package are proved one by one.
const maxProofs = 500

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

// anchor is the leaf that marks a request as stated, even without statements.
func (r *Room) anchor(key string) string {
	return ids.Derive(r.v.Keys.Site.Row, "statement", key, "anchor", "")
}

// state lists what of the package can be proved: exhibits with digests, and
// messages that are quoted whole.
func (b *builder) state() {
	leaf := func(kind, of string) string { return ids.Derive(b.v.Keys.Site.Row, "statement", b.cut.key, kind, of) }
	sha := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(b.exhibitAt)) {
		if e := b.m.exhibits[id]; !b.shielded(id, "") && !b.m.closed[id] && e.ID != "" {
			label := b.id("exhibit", id)
			sha[label] = e.SHA256.String()
			b.cut.statements = append(b.cut.statements, statement{name: label, leaf: leaf("exhibit", id), kind: "exhibit", sha: sha[label],
				time: utc(e.Sealed), about: b.text.Text("cut.proof.exhibit", label)})
		}
	}
	values := map[string]string{}
	for _, x := range b.cut.Package.Identifiers {
		values[x.ID] = x.Value
	}
	proved, unproved := 0, 0
	for _, m := range b.cut.Package.Messages {
		if m.Masks > 0 || proved >= maxProofs || sha[m.Source.Exhibit] == "" {
			unproved++
			continue
		}
		proved++
		b.cut.statements = append(b.cut.statements, statement{name: m.ID, leaf: leaf("message", b.origin[m.ID]),
			kind: "message", sha: sha[m.Source.Exhibit], by: values[m.Author], time: m.Time.Text, text: m.Text,
			about: b.text.Text("cut.proof.message", m.ID)})
	}
	if unproved > 0 {
		b.leave(LeftOut{Kind: "message", Reason: Unproved, Count: unproved})
	}
}

// record writes the statements of a cut, once for each request and state, in an
// act whose header tells nothing of the case. It does not raise the revision.
func (r *Room) record(ctx context.Context, q db.Queryer, c *Cut) error {
	if act, _, err := statedIn(ctx, q, r.anchor(c.key)); err != nil || act != "" {
		return err
	}
	a := audit.Act{Class: audit.Disclosure, Verb: "referral.state", Why: "what a package says can be proved piece by piece"}
	_, err := r.desk.Do(ctx, a, func(w *db.Writer) error {
		if act, _, err := statedIn(ctx, w, r.anchor(c.key)); err != nil || act != "" {
			return err // another officer was faster
		}
		rows := []db.Row{{r.anchor(c.key), "anchor", "", "", "", ""}}
		for _, s := range c.statements {
			rows = append(rows, s.row())
		}
		return w.Put(ctx, statementTable, rows...)
	})
	return err
}

// prove opens the statements that stand in the log below the checkpoint.
func (r *Room) prove(ctx context.Context, q db.Queryer, c *Cut, size int64) error {
	act, idx, err := statedIn(ctx, q, r.anchor(c.key))
	if err != nil || act == "" || idx >= size {
		return err
	}
	items, err := audit.Items(ctx, q, act)
	if err != nil {
		return err
	}
	place := map[string]int{}
	for _, i := range items {
		leaf, err := leafOf(i.JSON)
		if err != nil {
			return err
		}
		place[leaf] = i.Place
	}
	trust, err := r.v.Ledger.Trust(c.Checkpoint)
	if err != nil {
		return err
	}
	p := &c.Package
	for _, s := range c.statements {
		at, ok := place[s.leaf]
		if !ok {
			continue
		}
		proof, err := r.v.Ledger.ProveAt(ctx, q, act, at, c.Checkpoint)
		if err != nil {
			return err
		}
		text, err := proof.Encode()
		if err != nil {
			return fault.New(fault.Corrupt, "refer: %w", err)
		}
		p.Proofs = append(p.Proofs, referral.Proof{Name: s.name, About: s.about, JSON: text})
		p.Coverage.Proved = append(p.Coverage.Proved, s.name)
		p.ProofTrust = referral.ProofTrust{Origin: trust.Origin, LogKey: trust.LogKey, Actors: [][]byte{proof.ActorKey}}
	}
	return nil
}

// leafOf reads the key of a statement out of its item.
func leafOf(item []byte) (string, error) {
	var i struct {
		Row struct {
			Leaf string `json:"leaf"`
		} `json:"row"`
	}
	if err := json.Unmarshal(item, &i); err != nil {
		return "", fault.New(fault.Corrupt, "refer: a statement in the log: %w", err)
	}
	return i.Row.Leaf, nil
}
