package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"tutela/casework/identifiers"
	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/fault"
	"tutela/format/referral"
	"tutela/vault"
)

// referVerb cuts, approves, seals and receives packages.
type referVerb struct {
	Cut     referCut     `cmd:"" help:"${help_refer_cut}"`
	Approve referApprove `cmd:"" help:"${help_refer_approve}"`
	Seal    referSeal    `cmd:"" help:"${help_refer_seal}"`
	Receive referReceive `cmd:"" help:"${help_refer_receive}"`
	List    referList    `cmd:"" help:"${help_refer_list}"`
	Show    referShow    `cmd:"" help:"${help_refer_show}"`
}

// Names in the folder of a cut.
const (
	cutFile     = "referral.json" // which cut it is
	cutPreview  = "preview"       // what would be told
	cutLeftOut  = "left-out.txt"  // what is not told, for officers of this site only
	cutLeftJSON = "left-out.json"
	cutPoint    = "checkpoint.txt" // for --at
	cutSend     = "send"           // what is sealed for the recipient
)

// referCut makes a preview of what a country would be told.
type referCut struct {
	ofCase   `embed:""`
	Country  string   `required:"" placeholder:"CC" help:"${help_refer_country}"`
	Include  []string `placeholder:"ITEM" help:"${help_refer_include}"`
	Also     []string `placeholder:"IDENTIFIER" help:"${help_refer_also}"`
	At       string   `placeholder:"CHECKPOINT" help:"${help_refer_at}"`
	To       string   `placeholder:"AGENCY" help:"${help_refer_to_agency}"`
	Ask      string   `placeholder:"TEXT" help:"${help_refer_ask}"`
	Urgent   string   `placeholder:"TEXT" help:"${help_refer_urgent}"`
	Basis    string   `placeholder:"TEXT" help:"${help_refer_legal}"`
	Language string   `default:"en" help:"${help_refer_language}"`
	Out      string   `required:"" placeholder:"DIR" help:"${help_refer_out}"`
}

// cutResult is what the verb prints.
type cutResult struct {
	Referral    string              `json:"referral"`
	Country     string              `json:"country"`
	Digest      string              `json:"digest"`
	Checkpoint  string              `json:"checkpoint"`
	ChildAtRisk bool                `json:"child_at_risk,omitempty"`
	Identifiers int                 `json:"identifiers"`
	Persons     int                 `json:"persons"`
	Messages    int                 `json:"messages"`
	Items       int                 `json:"items"`
	Included    int                 `json:"included"`
	Exhibits    int                 `json:"exhibits"`
	Proofs      int                 `json:"proofs"`
	Out         string              `json:"out"`
	LeftOut     []referrals.LeftOut `json:"left_out"`
}

// Run cuts, and prints the id of the referral as the last line.
func (c *referCut) Run(a *app) error {
	if err := emptyDir(c.Out); err != nil {
		return err
	}
	return a.inCase(c.Case, "referral.cut", func(in *room) error {
		req, err := c.request(in)
		if err != nil {
			return err
		}
		p, err := referrals.New(in.v, nil).Preview(a.ctx, in.r, req)
		if err != nil {
			return err
		}
		if err := writeCut(a, c.Out, p); err != nil {
			return err
		}
		return c.show(a, p)
	})
}

// request turns the flags into a request.
func (c *referCut) request(in *room) (referrals.Request, error) {
	req := referrals.Request{Case: in.k.ID, Country: strings.ToUpper(c.Country), Language: c.Language, Ask: c.Ask, Urgent: c.Urgent, Basis: c.Basis}
	for _, i := range c.Include {
		req.Include = append(req.Include, media.ID(i))
	}
	for _, s := range c.Also {
		i, err := in.identifier(s)
		if err != nil {
			return req, err
		}
		req.Also = append(req.Also, identifiers.ID(i.ID))
	}
	var err error
	if req.To, err = agencyOf(in, req.Country, c.To); err != nil || c.At == "" {
		return req, err
	}
	if b, err := os.ReadFile(c.At); err == nil {
		req.At = string(b)
		return req, nil
	}
	if strings.Contains(c.At, "\n") {
		req.At = c.At
		return req, nil
	}
	d, err := referrals.FindDraft(in.ctx, in.r, referrals.ID(c.At))
	if err != nil {
		return req, fault.Hint(fault.New(fault.NotFound, "refer cut: %q is no file with a checkpoint and no referral", c.At),
			in.text.Text("hint.refer_at"))
	}
	req.At = d.Checkpoint
	return req, nil
}

// agencyOf returns the recipient: the agency that was named, or the only one
// of the country in the directory.
func agencyOf(in *room, country, named string) (referral.Agency, error) {
	all, err := staff.Agencies(in.ctx, in.r, country)
	if err != nil {
		return referral.Agency{}, err
	}
	var fits []staff.Agency
	for _, x := range all {
		if !x.Own && x.State == staff.Active && (named == "" || string(x.ID) == named || strings.EqualFold(x.Name, named)) {
			fits = append(fits, x)
		}
	}
	switch {
	case len(fits) == 1:
		return referral.Agency{Name: fits[0].Name, Channel: fits[0].Channel}, nil
	case len(fits) > 1:
		return referral.Agency{}, fault.New(fault.Invalid, "refer cut: several agencies of %s are in the directory; name one with --to", country)
	}
	return referral.Agency{Name: named}, nil // stated by the officer, or left open
}

func (c *referCut) show(a *app, p *referrals.Preview) error {
	k := p.Cut.Package
	included := 0
	for _, i := range k.Items {
		if i.Included {
			included++
		}
	}
	res := cutResult{Referral: string(p.ID), Country: p.Country, Digest: p.Digest, Checkpoint: p.Checkpoint, ChildAtRisk: k.ChildAtRisk,
		Identifiers: len(k.Identifiers), Persons: len(k.Persons), Messages: len(k.Messages), Items: len(k.Items), Included: included,
		Exhibits: len(k.Exhibits), Proofs: len(k.Proofs), Out: c.Out, LeftOut: p.Cut.LeftOut}
	if a.JSON {
		return a.print.value(res, "")
	}
	if k.ChildAtRisk {
		a.print.line(a.text.Text("refer.at_risk"))
	}
	a.print.line(a.text.Text("refer.cut", p.Country, res.Identifiers, res.Persons, res.Messages, res.Items, included, res.Proofs))
	a.print.line(a.text.Text("refer.left_out", leftOutTotal(p.Cut.LeftOut), filepath.Join(c.Out, cutLeftOut)))
	for _, s := range leftOutCounts(a, p.Cut.LeftOut) {
		a.print.line("  " + s)
	}
	a.print.line(a.text.Text("refer.read", filepath.Join(c.Out, cutPreview, "report.html")))
	return a.print.value(nil, string(p.ID))
}

// emptyDir refuses a folder that holds something, so that two cuts never mix.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Outside, "refer: %w", err)
	}
	if len(entries) > 0 {
		return fault.New(fault.Refused, "refer: the folder %s is not empty", dir)
	}
	return nil
}

// inReferral opens the case of a referral, which is named by its id or by the
// folder of its cut.
func (a *app) inReferral(name, verb string, do func(*room, *referrals.Room, referrals.Draft, string) error) error {
	return a.with(func(v *vault.Vault) error {
		id, dir, digest, err := named(name)
		if err != nil {
			return err
		}
		find, err := a.look(v, verb, "", string(id), a.why("find the referral"))
		if err != nil {
			return err
		}
		d, err := referrals.FindDraft(a.ctx, find, id)
		if err != nil {
			return err
		}
		if digest != "" && digest != d.Digest {
			return fault.Hint(fault.New(fault.Corrupt, "refer: the files in %s are not what was cut", dir), a.text.Text("hint.refer_cut"))
		}
		in, err := a.enter(v, verb, string(d.Case))
		if err != nil {
			return err
		}
		return do(in, referrals.New(v, nil), d, dir)
	})
}

// enter is what inCase does with a vault that is open already.
func (a *app) enter(v *vault.Vault, verb, id string) (*room, error) {
	r, k, err := a.lookCase(v, verb, id)
	if err != nil {
		return nil, err
	}
	return &room{app: a, v: v, k: k, r: r}, nil
}
