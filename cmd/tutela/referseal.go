package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"tutela/casework/referrals"
	"tutela/fault"
	"tutela/format/bagit"
)

// referApprove lets a second officer approve a preview.
type referApprove struct {
	Referral string `arg:"" help:"${help_refer_name}"`
	TLP      string `name:"tlp" required:"" placeholder:"TLP:AMBER" help:"${help_refer_tlp}"`
	Purpose  string `required:"" placeholder:"TEXT" help:"${help_refer_purpose}"`
	Basis    string `required:"" placeholder:"TEXT" help:"${help_refer_basis}"`
	Handling string `placeholder:"TEXT" help:"${help_refer_handling}"`
}

// Run approves.
func (c *referApprove) Run(a *app) error {
	return a.inReferral(c.Referral, "referral.approve", func(in *room, r *referrals.Room, d referrals.Draft, _ string) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		got, err := r.Approve(a.ctx, in.r, d.ID, referrals.Terms{TLP: c.TLP, Handling: c.Handling, Purpose: c.Purpose, Basis: c.Basis, Why: a.Why})
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("refer.approved", d.Country, got.Terms().TLP, d.Digest))
		return a.print.value(map[string]string{"referral": string(d.ID), "country": d.Country, "digest": d.Digest, "tlp": got.Terms().TLP,
			"approved_by": string(got.Officer())}, string(d.ID))
	})
}

// referSeal signs and encrypts an approved package for an agency.
type referSeal struct {
	Referral string   `arg:"" help:"${help_refer_name}"`
	To       []string `required:"" placeholder:"KEY" help:"${help_refer_to_key}"`
	Out      string   `placeholder:"DIR" help:"${help_refer_seal_out}"`
}

// sealResult is what the verb prints.
type sealResult struct {
	Referral   string         `json:"referral"`
	Country    string         `json:"country"`
	Files      []string       `json:"files"`
	Recipients []recipientRow `json:"recipients"`
}

// recipientRow is a key that a package was encrypted to.
type recipientRow struct {
	Kind        string `json:"kind"`
	Fingerprint string `json:"fingerprint"`
	Agency      string `json:"agency,omitempty"`
	Confirmed   bool   `json:"confirmed"`
}

// Run seals.
func (c *referSeal) Run(a *app) error {
	return a.inReferral(c.Referral, "referral.seal", func(in *room, r *referrals.Room, d referrals.Draft, dir string) error {
		switch {
		case c.Out != "":
			dir = c.Out
		case dir != "": // apart from what is for officers of this site only
			dir = filepath.Join(dir, cutSend)
		default:
			return fault.New(fault.Invalid, "refer seal: say with --out where the sealed files go")
		}
		approved, err := r.Approval(a.ctx, in.r, d.ID)
		if err != nil {
			return err
		}
		res := sealResult{Referral: string(d.ID), Country: d.Country}
		var to []referrals.Recipient
		for _, k := range c.To {
			x, err := recipient(in, d.Country, k)
			if err != nil {
				return err
			}
			to = append(to, x)
			res.Recipients = append(res.Recipients, recipientRow{string(x.Kind), x.Fingerprint, x.Agency, x.Confirmed})
		}
		for _, x := range to {
			if x.Confirmed {
				a.print.line(a.text.Text("refer.recipient", x.Agency, x.Fingerprint))
			} else if _, err := a.err.Write([]byte(a.text.Text("refer.unconfirmed_key", x.Fingerprint) + "\n")); err != nil {
				return err
			}
		}
		files, err := r.Seal(a.ctx, in.r, approved, to...)
		if err != nil {
			return err
		}
		for _, f := range files {
			path := filepath.Join(dir, f.Name)
			if err := replaceFile(path, f); err != nil {
				return err
			}
			res.Files = append(res.Files, path)
			a.print.line(a.text.Text("refer.file", path))
		}
		return a.print.value(res, string(d.ID))
	})
}

// replaceFile writes a sealed file; one of an earlier sealing gives way.
func replaceFile(path string, f referrals.File) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.Outside, "refer seal: %w", err)
	}
	return copyFile(path, bagit.Bytes(f.Name, f.Data))
}

// recipient reads a key from a file, from the argument itself (age1…, ssh-…),
// or from the directory by its fingerprint.
func recipient(in *room, country, name string) (referrals.Recipient, error) {
	text, err := os.ReadFile(name)
	switch {
	case err == nil:
	case strings.HasPrefix(name, "age1") || strings.HasPrefix(name, "ssh-"):
		text = []byte(name)
	default:
		return referrals.FindRecipient(in.ctx, in.r, country, name, in.v.Now())
	}
	x, err := referrals.ParseRecipient(text)
	if err != nil {
		return x, err
	}
	return x.Known(in.ctx, in.r, country, in.v.Now())
}
