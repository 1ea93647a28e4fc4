package main

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/envelope"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// keyVerb makes, lists, changes and exports keys.
type keyVerb struct {
	New    keyNew    `cmd:"" help:"${help_key_new}"`
	Public keyPublic `cmd:"" help:"${help_key_public}"`
	List   keyList   `cmd:"" help:"${help_key_list}"`
	Rotate keyRotate `cmd:"" help:"${help_key_rotate}"`
	Export keyExport `cmd:"" help:"${help_key_export}"`
}

// keyNew makes a key for somebody who is to become an officer.
type keyNew struct {
	Name string `default:"officer" help:"${help_key_name}"`
}

// publicRow is the public part of a key, as "officer add --public" reads it.
type publicRow struct {
	Key    string      `json:"key"`
	Public string      `json:"public,omitempty"` // file of the public part
	File   string      `json:"file,omitempty"`   // file of the key
	Part   keys.Public `json:"part"`
}

// Run writes FILE (the key), FILE.pub (OpenSSH) and FILE.json (what "officer
// add" takes). It needs no site.
func (c *keyNew) Run(a *app) error {
	file, err := a.keyFile()
	if err != nil {
		return err
	}
	if err := keys.Generate(file, os.Getenv("TUTELA_PASSPHRASE"), c.Name, rand.Reader); err != nil {
		return err
	}
	key, err := keys.LoadFile(file, os.Getenv("TUTELA_PASSPHRASE"))
	if err != nil {
		return err
	}
	p := key.Public()
	p.Name = c.Name
	if err := writePublic(file+".json", p); err != nil {
		return err
	}
	a.print.line(a.text.Text("key.made", file))
	a.print.line(a.text.Text("key.public", file+".json"))
	return a.print.value(publicRow{Key: p.ID, Public: file + ".json", File: file, Part: p}, p.ID)
}

func writePublic(path string, p keys.Public) error {
	return writeFile(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	})
}

// keyPublic shows the public part of the key in use.
type keyPublic struct {
	Out string `placeholder:"FILE" help:"${help_key_public_out}"`
}

// Run prints the part, or writes it for "officer add". It needs no site.
func (c *keyPublic) Run(a *app) error {
	key, err := a.actor()
	if err != nil {
		return err
	}
	p := key.Public()
	if c.Out == "" {
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return a.print.value(publicRow{Key: p.ID, Part: p}, string(b))
	}
	if err := writePublic(c.Out, p); err != nil {
		return err
	}
	a.print.line(a.text.Text("key.public", c.Out))
	return a.print.value(publicRow{Key: p.ID, Public: c.Out, Part: p}, p.ID)
}

// keyList lists the keys of the site.
type keyList struct{}

// keyRow is one key in the list.
type keyRow struct {
	Kind    string `json:"kind"` // officer, service, site, log, recovery
	Key     string `json:"key"`  // fingerprint; the age recipient of the recovery key
	Name    string `json:"name,omitempty"`
	Since   string `json:"since,omitempty"`
	Revoked string `json:"revoked,omitempty"`
	Epoch   int64  `json:"epoch,omitempty"` // log keys
	Reason  string `json:"reason,omitempty"`
}

// Run lists them.
func (c *keyList) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		if _, err := a.look(v, "key.list", "", "", "keys"); err != nil {
			return err
		}
		view := v.Keys.Ring.View()
		rows := []keyRow{{Kind: "site", Key: proof.KeyID(view.SignKey()), Name: view.SiteID()}}
		for _, e := range view.Epochs() {
			rows = append(rows, keyRow{Kind: "log", Key: proof.KeyID(e.Key), Since: utc(e.Since), Epoch: e.N, Reason: e.Reason,
				Name: a.text.Text("key.epoch", e.N)})
		}
		for _, m := range view.Members() {
			rows = append(rows, keyRow{Kind: m.Kind, Key: m.ID, Name: m.Name, Since: utc(m.Added), Revoked: utc(m.Revoked)})
		}
		rows = append(rows, keyRow{Kind: "recovery", Key: view.Recovery()})
		t := a.text
		return table(a.print, rows,
			column[keyRow]{t.Text("col.kind"), func(r keyRow) string { return r.Kind }},
			column[keyRow]{t.Text("col.name"), func(r keyRow) string { return r.Name }},
			column[keyRow]{t.Text("col.since"), func(r keyRow) string { return r.Since }},
			column[keyRow]{t.Text("col.revoked"), func(r keyRow) string { return r.Revoked }},
			column[keyRow]{t.Text("col.key"), func(r keyRow) string { return r.Key }})
	})
}

// keyRotate replaces an officer's key, or the log's.
type keyRotate struct {
	Log     bool   `xor:"what" required:"" help:"${help_key_rotate_log}"`
	To      string `xor:"what" required:"" placeholder:"FILE" help:"${help_key_rotate_to}"`
	Officer string `placeholder:"KEYID" help:"${help_key_rotate_officer}"`
}

// Run rotates.
func (c *keyRotate) Run(a *app) error {
	if c.Log {
		return c.log(a)
	}
	p, err := readPublic(c.To)
	if err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		old := staff.ID(c.Officer)
		roles := staff.Roles()
		if old == "" {
			old = staff.ID(v.Actor().KeyID())
		} else if string(old) != v.Actor().KeyID() {
			roles = []staff.Role{staff.Admin}
		}
		var left []string
		_, err := a.actAs(v, audit.Act{Class: audit.Alteration, Verb: "key.rotate", Object: string(old), Why: "key rotation"},
			func(w *db.Writer) error { left, err = c.replace(a, v, w, old, p); return err }, roles...)
		if err != nil {
			return err
		}
		for _, id := range left {
			a.print.line(a.text.Text("key.left", id))
		}
		return a.print.value(map[string]any{"key": p.ID, "replaces": string(old), "cases_left": append([]string{}, left...)}, p.ID)
	})
}

// replace gives the officer's rights and cases to the new key.
func (c *keyRotate) replace(a *app, v *vault.Vault, w *db.Writer, old staff.ID, p keys.Public) ([]string, error) {
	o, err := staff.Find(a.ctx, w, old)
	if err != nil {
		return nil, err
	}
	entitled, err := keys.CasesOf(a.ctx, w, string(old))
	if err != nil {
		return nil, err
	}
	m, _ := v.Keys.Ring.View().Find(string(old))
	p.Name, p.Kind = o.Name, m.Kind
	left, err := v.Keys.Cases.Rotate(a.ctx, w, string(old), p, v.Now())
	if err != nil {
		return nil, err
	}
	if err := staff.PutOfficers(a.ctx, w, staff.Officer{ID: staff.ID(p.ID), Name: o.Name, Roles: o.Roles, State: staff.Active, Since: v.Now()}); err != nil {
		return nil, err
	}
	for _, id := range entitled {
		if err := c.member(a, w, cases.ID(id), old, staff.ID(p.ID), v.Now(), left); err != nil {
			return nil, err
		}
	}
	return left, staff.Suspend(a.ctx, w, old)
}

// member moves the entitlement to the rows of a case. What is sealed for the
// key alone (documents of lists) has no such rows.
func (c *keyRotate) member(a *app, w *db.Writer, id cases.ID, old, to staff.ID, now int64, left []string) error {
	members, err := cases.Members(a.ctx, w, id)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Officer != old || m.Until != 0 {
			continue
		}
		m.Until = now
		if err := cases.PutMembers(a.ctx, w, m); err != nil {
			return err
		}
		for _, l := range left {
			if l == string(id) {
				return nil // somebody who can open it entitles the new key
			}
		}
		return cases.PutMembers(a.ctx, w, cases.Member{Case: id, Officer: to, Since: now})
	}
	return nil
}

func (c *keyRotate) log(a *app) error {
	return a.with(func(v *vault.Vault) error {
		if _, err := a.lookAs(v, "key.rotate", v.Keys.Site.ID, "key rotation", staff.Admin); err != nil {
			return err
		}
		if err := v.RotateLogKey(a.ctx, a.why("key rotation")); err != nil {
			return err
		}
		view := v.Keys.Ring.View()
		e := view.Epochs()[len(view.Epochs())-1]
		return a.print.value(map[string]any{"key": proof.KeyID(e.Key), "epoch": e.N}, a.text.Text("key.log_rotated", e.N)+"\n"+proof.KeyID(e.Key))
	})
}

// readPublic reads a public part: what "key new" wrote beside the key, or what
// "key new --json" and "key public --json" printed.
func readPublic(path string) (keys.Public, error) {
	b, err := readText(path)
	if err != nil {
		return keys.Public{}, err
	}
	var printed struct {
		Part keys.Public `json:"part"`
	}
	if json.Unmarshal(b, &printed) == nil && printed.Part.ID != "" {
		return printed.Part, printed.Part.Check()
	}
	var p keys.Public
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fault.New(fault.Invalid, "%s is not a public part made by \"tutela key new\"", path)
	}
	return p, p.Check()
}

// keyExport writes what partners need to verify packages and proofs.
type keyExport struct {
	Out string `placeholder:"FILE" help:"${help_key_export_out}"`
}

// exportRow is the exported trust.
type exportRow struct {
	Site    string   `json:"site"`
	Agency  string   `json:"agency"`
	Key     string   `json:"key"` // fingerprint of the site's signing key
	Signers string   `json:"allowed_signers"`
	LogKeys []logKey `json:"log_keys"`
}

// logKey is the key of one epoch of the log, for verifiers of signed notes.
type logKey struct {
	Epoch  int64  `json:"epoch"`
	Origin string `json:"origin"`
	Key    string `json:"verifier_key"`
}

// Run exports the allowed signers: the trust file of "verify --trust" and of
// ssh-keygen -Y verify. Nothing secret is in it.
func (c *keyExport) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "key.export", "", "", "keys for partners")
		if err != nil {
			return err
		}
		own, err := staff.Own(a.ctx, r)
		if err != nil {
			return err
		}
		view := v.Keys.Ring.View()
		row := exportRow{Site: view.SiteID(), Agency: own.Name, Key: proof.KeyID(view.SignKey())}
		if row.Signers, err = (keys.Public{Key: view.SignKey()}).AllowedSigner(strings.ToLower(row.Site), envelope.Namespace); err != nil {
			return err
		}
		row.Signers = strings.TrimRight(row.Signers, "\n") + "\n"
		for _, e := range view.Epochs() {
			origin := keys.OriginOf(row.Site, e.N)
			row.LogKeys = append(row.LogKeys, logKey{e.N, origin, proof.VerifierKey(origin, e.Key)})
		}
		if c.Out == "" {
			return a.print.value(row, strings.TrimRight(row.Signers, "\n"))
		}
		if err := writeBytes(c.Out, []byte(row.Signers)); err != nil {
			return err
		}
		a.print.line(a.text.Text("key.exported", c.Out))
		return a.print.value(row, row.Key)
	})
}
