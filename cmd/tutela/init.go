package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// initVerb founds a site: its first officer with a key file, its recovery key,
// its own agency.
type initVerb struct {
	Agency   string `required:"" help:"${help_agency_name}"`
	Country  string `required:"" help:"${help_country}"`
	Channel  string `help:"${help_init_channel}"`
	Officer  string `default:"First officer" help:"${help_officer_name}"`
	Roles    string `default:"investigator,examiner,supervisor,liaison,admin" help:"${help_roles}"`
	Recovery string `help:"${help_recovery}" placeholder:"FILE"`
}

// Run founds the site.
func (c *initVerb) Run(a *app) error {
	roles, err := staff.ParseRoles(c.Roles)
	if err != nil {
		return err
	}
	if err := c.firstKey(a); err != nil {
		return err
	}
	o, err := a.options()
	if err != nil {
		return err
	}
	if c.Recovery == "" {
		file, err := a.keyFile()
		if err != nil {
			return err
		}
		c.Recovery = filepath.Join(filepath.Dir(file), "recovery.key")
	}
	v, err := vault.Create(a.ctx, o, c.founding(a, o.Actor, roles))
	if err != nil {
		return err
	}
	defer v.Close()
	a.print.line(a.text.Text("init.done", c.Agency, v.Data()))
	a.print.line(a.text.Text("init.recovery", c.Recovery))
	return a.print.value(map[string]string{"site": v.Keys.Site.ID, "officer": o.Actor.KeyID(), "recovery": c.Recovery},
		a.text.Text("init.officer", c.Officer, o.Actor.KeyID()))
}

// firstKey makes the key file unless it is there or the agent holds the key.
func (c *initVerb) firstKey(a *app) error {
	if a.Agent != "" {
		return nil
	}
	file, err := a.keyFile()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.Outside, "init: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fault.New(fault.Outside, "init: %w", err)
	}
	return keys.Generate(file, os.Getenv("TUTELA_PASSPHRASE"), c.Officer, rand.Reader)
}

func (c *initVerb) founding(a *app, key keys.Private, roles []staff.Role) vault.Founding {
	now := a.now().UnixMicro()
	return vault.Founding{Officer: c.Officer, Recovery: c.Recovery, Why: a.Why,
		Detail: map[string]string{"agency": c.Agency, "country": c.Country},
		First: func(ctx context.Context, w *db.Writer) error {
			site, err := foundedSite(ctx, w)
			if err != nil {
				return err
			}
			agency := staff.Agency{ID: staff.AgencyID(site), Name: c.Agency, Country: strings.ToUpper(c.Country), Own: true, Channel: c.Channel, State: staff.Active}
			if err := staff.PutAgencies(ctx, w, agency); err != nil {
				return err
			}
			return staff.PutOfficers(ctx, w, staff.Officer{ID: staff.ID(key.KeyID()), Name: c.Officer,
				Roles: roles, State: staff.Active, Since: now})
		}}
}

// foundedSite is the id of the site, which is also that of the own agency.
func foundedSite(ctx context.Context, w *db.Writer) (string, error) {
	body, ok, err := keys.Fetch(ctx, w)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fault.New(fault.Corrupt, "init: the keyring is not in the database")
	}
	ring, err := keys.Decode("", body)
	if err != nil {
		return "", err
	}
	return ring.View().SiteID(), nil
}
