package main

import (
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/envelope"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/ids"
)

// agencyVerb keeps the directory of those whom packages go to.
type agencyVerb struct {
	Add  agencyAdd  `cmd:"" help:"${help_agency_add}"`
	List agencyList `cmd:"" help:"${help_agency_list}"`
	Key  agencyKey  `cmd:"" help:"${help_agency_key}"`
}

// agencyAdd enters an agency.
type agencyAdd struct {
	Name    string `required:"" help:"${help_agency_name}"`
	Country string `required:"" placeholder:"CC" help:"${help_country}"`
	Channel string `default:"e-mail" help:"${help_agency_channel}"`
	Address string `help:"${help_agency_address}"`
}

// Run adds the agency and prints its id last.
func (c *agencyAdd) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		id, err := ids.New(a.now(), v.Rand)
		if err != nil {
			return err
		}
		g := staff.Agency{ID: staff.AgencyID(id), Name: c.Name, Country: strings.ToUpper(c.Country), Channel: c.Channel, Address: c.Address, State: staff.Active}
		act := audit.Act{Class: audit.Collection, Verb: "agency.add", Object: id, Why: "directory"}
		_, err = a.actAs(v, act, func(w *db.Writer) error { return staff.PutAgencies(a.ctx, w, g) }, staff.Liaison, staff.Admin)
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("agency.added", c.Name))
		return a.print.value(map[string]string{"agency": id}, id)
	})
}

// agencyList lists the directory with the keys.
type agencyList struct {
	Country string `placeholder:"CC" help:"${help_country}"`
}

// agencyRow is an agency in the list.
type agencyRow struct {
	ID      string         `json:"agency"`
	Name    string         `json:"name"`
	Country string         `json:"country"`
	Own     bool           `json:"own"`
	Channel string         `json:"channel,omitempty"`
	Address string         `json:"address,omitempty"`
	State   string         `json:"state"`
	Keys    []agencyKeyRow `json:"keys"`
}

// agencyKeyRow is a key of an agency.
type agencyKeyRow struct {
	Fingerprint string   `json:"fingerprint"`
	Kind        string   `json:"kind"`
	Expires     string   `json:"expires,omitempty"`
	Revoked     bool     `json:"revoked,omitempty"`
	ConfirmedBy []string `json:"confirmed_by"`
	Usable      bool     `json:"usable"`
}

// Run lists it.
func (c *agencyList) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		r, err := a.look(v, "agency.list", "", "", "directory")
		if err != nil {
			return err
		}
		list, err := staff.Agencies(a.ctx, r, strings.ToUpper(c.Country))
		if err != nil {
			return err
		}
		rows := make([]agencyRow, len(list))
		for i, g := range list {
			rows[i] = agencyRow{string(g.ID), g.Name, g.Country, g.Own, g.Channel, g.Address, string(g.State), []agencyKeyRow{}}
			ks, err := staff.Keys(a.ctx, r, g.ID)
			if err != nil {
				return err
			}
			for _, k := range ks {
				rows[i].Keys = append(rows[i].Keys, agencyKeyRowOf(k, v.Now()))
			}
		}
		t := a.text
		return table(a.print, rows,
			column[agencyRow]{t.Text("col.country"), func(r agencyRow) string { return r.Country }},
			column[agencyRow]{t.Text("col.agency"), func(r agencyRow) string { return r.ID }},
			column[agencyRow]{t.Text("col.name"), func(r agencyRow) string { return r.Name }},
			column[agencyRow]{t.Text("col.channel"), func(r agencyRow) string { return strings.TrimSpace(r.Channel + " " + r.Address) }},
			column[agencyRow]{t.Text("col.keys"), func(r agencyRow) string { return agencyKeysText(a, r) }})
	})
}

func agencyKeyRowOf(k staff.KeyRecord, now int64) agencyKeyRow {
	r := agencyKeyRow{Fingerprint: k.Fingerprint, Kind: string(k.Kind), Expires: utc(k.Expires), Revoked: k.Revoked, ConfirmedBy: []string{}}
	for _, b := range k.By {
		r.ConfirmedBy = append(r.ConfirmedBy, string(b.Officer))
	}
	r.Usable = !k.Revoked && (k.Expires == 0 || k.Expires > now) && len(k.By) >= 2
	return r
}

func agencyKeysText(a *app, r agencyRow) string {
	var out []string
	for _, k := range r.Keys {
		state := a.text.Text("agency.unconfirmed", len(k.ConfirmedBy))
		if k.Usable {
			state = a.text.Text("agency.usable")
		}
		out = append(out, k.Kind+" "+k.Fingerprint+" ("+state+")")
	}
	return strings.Join(out, ", ")
}

// agencyKey keeps the keys of an agency.
type agencyKey struct {
	Add     agencyKeyAdd     `cmd:"" help:"${help_agency_key_add}"`
	Confirm agencyKeyConfirm `cmd:"" help:"${help_agency_key_confirm}"`
	Revoke  agencyKeyRevoke  `cmd:"" help:"${help_agency_key_revoke}"`
}

// agencyKeyAdd enters a key as received.
type agencyKeyAdd struct {
	Agency  string `required:"" placeholder:"ID" help:"${help_agency_id}"`
	Expires string `placeholder:"DATE" help:"${help_agency_key_expires}"`
	File    string `arg:"" help:"${help_agency_key_file}"`
}

// Run adds the key and prints its fingerprint last. Nothing is encrypted to it
// until two officers have confirmed the fingerprint.
func (c *agencyKeyAdd) Run(a *app) error {
	b, err := readText(c.File)
	if err != nil {
		return err
	}
	k, err := parseAgencyKey(b)
	if err != nil {
		return err
	}
	if err := date(c.Expires, &k.Expires); err != nil {
		return err
	}
	k.Agency = staff.AgencyID(c.Agency)
	return a.with(func(v *vault.Vault) error {
		if k.Kind == staff.OpenPGP {
			pgp, err := envelope.ReadKey(b)
			if err != nil {
				return err
			}
			if err := pgp.CheckRecipient(a.now()); err != nil {
				return err
			}
		}
		act := audit.Act{Class: audit.Collection, Verb: "agency.key.add", Object: c.Agency, Why: "directory", Detail: map[string]string{"fingerprint": k.Fingerprint}}
		_, err := a.actAs(v, act, func(w *db.Writer) error {
			if err := knownAgency(a, w, k.Agency); err != nil {
				return err
			}
			return staff.PutKeys(a.ctx, w, k)
		}, staff.Liaison, staff.Admin)
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("agency.key_added", string(k.Kind)))
		return a.print.value(map[string]string{"agency": c.Agency, "fingerprint": k.Fingerprint, "kind": string(k.Kind)}, k.Fingerprint)
	})
}

func knownAgency(a *app, q db.Queryer, id staff.AgencyID) error {
	list, err := staff.Agencies(a.ctx, q, "")
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.ID == id {
			return nil
		}
	}
	return fault.Hint(fault.New(fault.NotFound, "no agency %s", id), a.text.Text("hint.agencies"))
}

// parseAgencyKey reads an OpenPGP key, an age recipient or an SSH public key. A
// secret key is refused, so that nobody files one here by mistake.
func parseAgencyKey(b []byte) (staff.Key, error) {
	text := strings.TrimSpace(string(b))
	if strings.Contains(text, "PRIVATE KEY") || strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		return staff.Key{}, fault.New(fault.Refused, "agency key: this is a secret key; ask the agency for its public key")
	}
	if x, err := age.ParseX25519Recipient(text); err == nil {
		return staff.Key{Fingerprint: x.String(), Kind: staff.Age, Text: x.String()}, nil
	}
	if pub, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text)); err == nil {
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub)))
		if _, err := envelope.AgeRecipient(line); err != nil {
			return staff.Key{}, err
		}
		return staff.Key{Fingerprint: ssh.FingerprintSHA256(pub), Kind: staff.SSH, Text: line}, nil
	}
	pgp, err := envelope.ReadKey(b)
	if err != nil {
		return staff.Key{}, fault.New(fault.Invalid, "agency key: neither an OpenPGP key nor an age recipient nor an SSH public key: %w", err)
	}
	if pgp.Secret() {
		return staff.Key{}, fault.New(fault.Refused, "agency key: this is a secret key; ask the agency for its public key")
	}
	public, err := pgp.Public()
	return staff.Key{Fingerprint: pgp.Fingerprint(), Kind: staff.OpenPGP, Text: string(public)}, err
}

// agencyKeyConfirm records that the officer compared a fingerprint.
type agencyKeyConfirm struct {
	Agency      string `required:"" placeholder:"ID" help:"${help_agency_id}"`
	How         string `required:"" help:"${help_agency_key_how}"`
	Fingerprint string `arg:"" help:"${help_agency_key_fingerprint}"`
}

// Run confirms; the answer says how many officers still must.
func (c *agencyKeyConfirm) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		id, finger := staff.AgencyID(c.Agency), c.Fingerprint
		if !strings.HasPrefix(finger, "SHA256:") && !strings.HasPrefix(finger, "age1") {
			finger = strings.ToUpper(strings.ReplaceAll(finger, " ", ""))
		}
		var by []staff.Confirmation
		act := audit.Act{Class: audit.Alteration, Verb: "agency.key.confirm", Object: c.Agency, Why: c.How, Detail: map[string]string{"fingerprint": finger}}
		_, err := a.actAs(v, act, func(w *db.Writer) error {
			err := staff.Confirm(a.ctx, w, staff.Confirmation{Agency: id, Fingerprint: finger, Officer: staff.ID(v.Actor().KeyID()), At: v.Now(), How: c.How})
			if err != nil {
				return err
			}
			ks, err := staff.Keys(a.ctx, w, id)
			for _, k := range ks {
				if k.Fingerprint == finger {
					by = k.By
				}
			}
			return err
		}, staff.Roles()...)
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"agency": c.Agency, "fingerprint": finger, "confirmed": len(by), "usable": len(by) >= 2},
			a.text.Text("agency.confirmed", len(by)))
	})
}

// agencyKeyRevoke sets a key out of use.
type agencyKeyRevoke struct {
	Agency      string `required:"" placeholder:"ID" help:"${help_agency_id}"`
	Fingerprint string `arg:"" help:"${help_agency_key_fingerprint}"`
}

// Run revokes the key.
func (c *agencyKeyRevoke) Run(a *app) error {
	if err := a.needReason(); err != nil {
		return err
	}
	return a.with(func(v *vault.Vault) error {
		act := audit.Act{Class: audit.Alteration, Verb: "agency.key.revoke", Object: c.Agency, Why: a.Why, Detail: map[string]string{"fingerprint": c.Fingerprint}}
		_, err := a.actAs(v, act, func(w *db.Writer) error {
			ks, err := staff.Keys(a.ctx, w, staff.AgencyID(c.Agency))
			if err != nil {
				return err
			}
			for _, k := range ks {
				if k.Fingerprint == c.Fingerprint {
					k.Revoked = true
					return staff.PutKeys(a.ctx, w, k.Key)
				}
			}
			return fault.New(fault.NotFound, "the agency has no key with that fingerprint")
		}, staff.Liaison, staff.Admin)
		if err != nil {
			return err
		}
		return a.print.value(map[string]string{"agency": c.Agency, "fingerprint": c.Fingerprint}, a.text.Text("agency.key_revoked"))
	})
}
