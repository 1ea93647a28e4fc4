package main

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
)

// auditVerb reads the log and proves what is in it.
type auditVerb struct {
	Log         auditLog         `cmd:"" help:"${help_audit_log}"`
	Show        auditShow        `cmd:"" help:"${help_audit_show}"`
	Checkpoint  auditCheckpoint  `cmd:"" help:"${help_audit_checkpoint}"`
	Prove       auditProve       `cmd:"" help:"${help_audit_prove}"`
	Consistency auditConsistency `cmd:"" help:"${help_audit_consistency}"`
	Export      auditExport      `cmd:"" help:"${help_audit_export}"`
}

// lookLog records a look at the log: by an auditor, or by somebody entitled to
// the one case that is looked at.
func (a *app) lookLog(v *vault.Vault, verb, caseID string) (*db.Reader, string, error) {
	r, err := a.look(v, verb, "", caseID, "reading the log")
	if err != nil {
		return nil, "", err
	}
	whole := staff.Require(a.ctx, r, staff.ID(v.Actor().KeyID()), staff.Auditor, staff.Admin)
	if caseID == "" {
		return r, "", fault.Hint(whole, a.text.Text("hint.audit"))
	}
	k, err := cases.Find(a.ctx, r, cases.ID(caseID))
	if err == nil && whole != nil {
		err = cases.Check(a.ctx, r, k.ID, staff.ID(v.Actor().KeyID()))
	}
	return r, string(k.ID), err
}

// auditLog lists acts.
type auditLog struct {
	Case   string `placeholder:"ID" help:"${help_case_id}"`
	Object string `placeholder:"ID" help:"${help_audit_object}"`
	Actor  string `placeholder:"KEYID" help:"${help_officer_id}"`
	Class  string `enum:",collection,alteration,consultation,disclosure,combination,erasure" default:"" help:"${help_audit_class}"`
	Verb   string `help:"${help_audit_verb}"`
	From   int64  `help:"${help_audit_from}"`
	Until  int64  `help:"${help_audit_until}"`
	Last   int    `help:"${help_audit_last}"`
}

// actRow is an act in the log.
type actRow struct {
	Index     int64             `json:"index"`
	Act       string            `json:"act"`
	Erased    bool              `json:"erased,omitempty"`
	Time      string            `json:"time,omitempty"`
	Class     string            `json:"class,omitempty"`
	Verb      string            `json:"verb,omitempty"`
	Case      string            `json:"case,omitempty"`
	Object    string            `json:"object,omitempty"`
	Actor     string            `json:"actor,omitempty"`
	Role      string            `json:"role,omitempty"`
	Authority string            `json:"authority,omitempty"`
	Ordered   string            `json:"ordered,omitempty"`
	Why       string            `json:"why,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
	Items     []actItem         `json:"items,omitempty"` // show only
}

// actItem is one row change of an act. Row is there only when it was asked for:
// it may name protected sources and persons.
type actItem struct {
	Place int             `json:"place"`
	Op    string          `json:"op"`
	Table string          `json:"table"`
	Row   json.RawMessage `json:"row,omitempty"`
}

func actRowOf(e audit.Entry) actRow {
	h := e.Header
	r := actRow{Index: e.Index, Act: e.Act, Erased: e.Erased, Class: h.Class, Verb: h.Verb, Case: h.Case, Object: h.Object, Actor: h.Actor,
		Role: h.Role, Authority: h.Authority, Ordered: h.Ordered, Why: h.Why, Detail: h.Detail}
	if !e.Erased {
		r.Time = utc(h.Time)
	}
	return r
}

// Run lists them in the order of the log.
func (c *auditLog) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, caseID, err := a.lookLog(v, "audit.log", c.Case)
		if err != nil {
			return err
		}
		filter := audit.Filter{Case: caseID, Object: c.Object, Actor: c.Actor, Class: audit.Class(c.Class), Verb: c.Verb, From: c.From, Until: c.Until}
		rows := []actRow{}
		for e, err := range audit.Acts(a.ctx, r, filter) {
			if err != nil {
				return err
			}
			if rows = append(rows, actRowOf(e)); c.Last > 0 && len(rows) > c.Last {
				rows = rows[1:]
			}
		}
		t := a.text
		return table(a.print, rows,
			column[actRow]{t.Text("col.index"), func(r actRow) string { return strconv.FormatInt(r.Index, 10) }},
			column[actRow]{t.Text("col.time"), func(r actRow) string { return r.Time }},
			column[actRow]{t.Text("col.class"), func(r actRow) string { return r.Class }},
			column[actRow]{t.Text("col.verb"), func(r actRow) string { return r.Verb }},
			column[actRow]{t.Text("col.act"), func(r actRow) string { return r.Act }},
			column[actRow]{t.Text("col.object"), func(r actRow) string { return r.Object }},
			column[actRow]{t.Text("col.actor"), func(r actRow) string { return short(r.Actor) }},
			column[actRow]{t.Text("col.why"), func(r actRow) string { return r.Why }})
	})
}

// short is the start of a key id, enough to tell officers apart.
func short(keyID string) string {
	if len(keyID) > 15 {
		return keyID[:15] + "…"
	}
	return keyID
}

// findAct returns one act: of a case that the officer is entitled to, or of
// none for those who may read the whole log.
func (a *app) findAct(v *vault.Vault, r *db.Reader, act string) (audit.Entry, error) {
	for e, err := range audit.Acts(a.ctx, r, audit.Filter{}) {
		if err != nil {
			return e, err
		}
		if e.Act != act {
			continue
		}
		if e.Header.Case != "" {
			if err := cases.Check(a.ctx, r, cases.ID(e.Header.Case), staff.ID(v.Actor().KeyID())); err != nil {
				return e, err
			}
		}
		if e.Header.Case == "" {
			err = staff.Require(a.ctx, r, staff.ID(v.Actor().KeyID()), staff.Auditor, staff.Admin)
		}
		return e, fault.Hint(err, a.text.Text("hint.audit"))
	}
	return audit.Entry{}, fault.New(fault.NotFound, "audit: no act %s", act)
}

// auditShow shows one act with its items.
type auditShow struct {
	Act  string `arg:"" help:"${help_act_id}"`
	Rows bool   `help:"${help_audit_rows}"`
}

// Run shows it: what an act wrote is shown to those entitled to its case, and
// the rows as they are only for a reason.
func (c *auditShow) Run(a *app) error {
	verb := "audit.show"
	if c.Rows {
		verb += ".protected"
		if err := a.needReason(); err != nil {
			return err
		}
	}
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, verb, "", c.Act, "reading the log")
		if err != nil {
			return err
		}
		e, err := a.findAct(v, r, c.Act)
		if err != nil {
			return err
		}
		row := actRowOf(e)
		items, err := audit.Items(a.ctx, r, c.Act)
		if err != nil {
			return err
		}
		text := []string{a.text.Text("audit.act", row.Index, row.Act), a.text.Text("audit.what", row.Time, row.Class, row.Verb, row.Object),
			a.text.Text("audit.who", row.Actor, row.Role, row.Why)}
		for _, i := range items {
			it, err := actItemOf(i, c.Rows)
			if err != nil {
				return err
			}
			row.Items = append(row.Items, it)
			text = append(text, strings.TrimRight(strconv.Itoa(it.Place)+"  "+it.Op+" "+it.Table+"  "+string(it.Row), " "))
		}
		return a.print.value(row, printableLines(strings.Join(text, "\n")))
	})
}

func actItemOf(i audit.Item, rows bool) (actItem, error) {
	it := actItem{}
	if err := json.Unmarshal(i.JSON, &it); err != nil {
		return it, fault.New(fault.Corrupt, "audit: item %d cannot be read", i.Place)
	}
	it.Place = i.Place
	if !rows {
		it.Row = nil
	}
	return it, nil
}

// auditCheckpoint prints the newest checkpoint.
type auditCheckpoint struct {
	Out string `placeholder:"FILE" help:"${help_checkpoint_out}"`
}

// Run prints the signed note, to be left with somebody else.
func (c *auditCheckpoint) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		note, err := v.Ledger.Checkpoint(a.ctx)
		if err != nil {
			return err
		}
		if c.Out != "" {
			if err := writeBytes(c.Out, []byte(note)); err != nil {
				return err
			}
		}
		f := strings.SplitN(note, "\n", 4)
		if len(f) < 4 {
			return fault.New(fault.NotFound, "audit: the log is empty")
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		return a.print.value(map[string]any{"origin": f[0], "size": n, "root": f[2], "checkpoint": note}, strings.TrimSuffix(note, "\n"))
	})
}

// auditProve opens one item of an act, or the act alone.
type auditProve struct {
	Act   string `arg:"" help:"${help_act_id}"`
	Item  int    `default:"-1" help:"${help_prove_item}"`
	At    string `placeholder:"FILE" help:"${help_prove_at}"`
	Out   string `required:"" placeholder:"FILE" help:"${help_prove_out}"`
	Trust string `placeholder:"FILE" help:"${help_prove_trust}"`
}

// Run writes the proof and, if wanted, what it verifies under.
func (c *auditProve) Run(a *app) error {
	if err := a.needReason(); err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		act := audit.Act{Class: audit.Disclosure, Verb: "audit.prove", Object: c.Act, Why: a.Why,
			Detail: map[string]string{"item": strconv.Itoa(c.Item)}}
		r, err := v.Desk.Consult(a.ctx, act)
		if err != nil {
			return err
		}
		if _, err := a.findAct(v, r, c.Act); err != nil {
			return err
		}
		note, err := c.note(a, v)
		if err != nil {
			return err
		}
		p, err := v.Ledger.ProveAt(a.ctx, r, c.Act, c.Item, note)
		if err != nil {
			return err
		}
		text, err := p.Encode()
		if err != nil {
			return err
		}
		if err := writeBytes(c.Out, text); err != nil {
			return err
		}
		if err := c.trust(v, note); err != nil {
			return err
		}
		return a.print.value(map[string]any{"act": c.Act, "item": c.Item, "index": p.Index, "file": c.Out, "trust": c.Trust},
			a.text.Text("audit.proved", c.Out))
	})
}

func (c *auditProve) note(a *app, v *vault.Vault) (string, error) {
	if c.At == "" {
		return v.Ledger.Checkpoint(a.ctx)
	}
	b, err := readText(c.At)
	return string(b), err
}

// trust writes the trust file of the proof, whose log key a recipient compares
// by another way.
func (c *auditProve) trust(v *vault.Vault, note string) error {
	if c.Trust == "" {
		return nil
	}
	t, err := v.Ledger.Trust(note)
	if err != nil {
		return err
	}
	row := proofTrust{Format: proofTrustFormat, Origin: t.Origin, LogKey: t.LogKey}
	for _, key := range t.Actors {
		row.Actors = append(row.Actors, key)
	}
	b, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return writeBytes(c.Trust, append(b, '\n'))
}

// auditConsistency shows that the log only grew since a checkpoint.
type auditConsistency struct {
	Older string `required:"" placeholder:"FILE" help:"${help_consistency_older}"`
	Newer string `placeholder:"FILE" help:"${help_consistency_newer}"`
}

// Run makes the proof and checks it as a stranger would. Checkpoints of another
// epoch are compared by check --known.
func (c *auditConsistency) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "audit.consistency", "", "", "consistency of the log")
		if err != nil {
			return err
		}
		b, err := readText(c.Older)
		if err != nil {
			return err
		}
		older := string(b)
		newer, err := (&auditProve{At: c.Newer}).note(a, v)
		if err != nil {
			return err
		}
		path, err := v.Ledger.Consistency(a.ctx, r, older, newer)
		if err != nil {
			return err
		}
		from, to, err := openBoth(v, older, newer)
		if err != nil {
			return err
		}
		if err := proof.CheckConsistency(from, to, path); err != nil {
			a.print.line(a.text.Text("audit.inconsistent", from.Size, to.Size))
			return status{exitDifferent}
		}
		hashes := make([]string, len(path))
		for i, h := range path {
			hashes[i] = base64.StdEncoding.EncodeToString(h[:])
		}
		return a.print.value(map[string]any{"older": from.Size, "newer": to.Size, "consistent": true, "proof": hashes}, a.text.Text("audit.consistent", from.Size, to.Size))
	})
}

func openBoth(v *vault.Vault, older, newer string) (from, to proof.Checkpoint, err error) {
	for _, x := range []struct {
		note string
		into *proof.Checkpoint
	}{{older, &from}, {newer, &to}} {
		t, err := v.Ledger.Trust(x.note)
		if err != nil {
			return from, to, err
		}
		if *x.into, err = proof.OpenCheckpoint(x.note, t.Origin, t.LogKey); err != nil {
			return from, to, err
		}
	}
	return from, to, nil
}

// auditExport writes the log as tiles: hashes, no payloads.
type auditExport struct {
	Dir string `arg:"" help:"${help_export_dir}"`
}

// Run exports; a folder of an earlier export is brought up to date.
func (c *auditExport) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.lookAs(v, "audit.export", "", "witnesses of the log", staff.Auditor, staff.Admin, staff.Liaison)
		if err != nil {
			return err
		}
		if err := v.Ledger.ExportTiles(a.ctx, r, c.Dir); err != nil {
			return err
		}
		return a.print.value(map[string]string{"folder": c.Dir}, a.text.Text("audit.exported", c.Dir))
	})
}
