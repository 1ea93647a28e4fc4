package main

import (
	"os"
	"strings"

	"tutela/casework/referrals"
	"tutela/fault"
	"tutela/format/referral"
)

// referList lists the referrals of a case: cut, approved, sealed, received.
type referList struct {
	ofCase `embed:""`
}

// referRow is one referral in the list.
type referRow struct {
	Referral   string `json:"referral"`
	Way        string `json:"way"` // out, in
	Country    string `json:"country"`
	State      string `json:"state"` // cut, approved, sealed, received
	TLP        string `json:"tlp,omitempty"`
	At         string `json:"at"`
	Officer    string `json:"officer"`
	ApprovedBy string `json:"approved_by,omitempty"`
	Recipients string `json:"recipients,omitempty"`
	Sender     string `json:"sender,omitempty"`
	Known      bool   `json:"signer_known,omitempty"`
}

// Run lists.
func (c *referList) Run(a *app) error {
	return a.inCase(c.Case, "referral.list", func(in *room) error {
		rows, err := in.referRows(referrals.New(in.v, nil))
		if err != nil {
			return err
		}
		return table(a.print, rows,
			column[referRow]{a.text.Text("col.referral"), func(r referRow) string { return r.Referral }},
			column[referRow]{a.text.Text("col.way"), func(r referRow) string { return a.text.Text("refer.way." + r.Way) }},
			column[referRow]{a.text.Text("col.country"), func(r referRow) string { return r.Country }},
			column[referRow]{a.text.Text("col.state"), func(r referRow) string { return a.text.Text("refer.state." + r.State) }},
			column[referRow]{a.text.Text("col.tlp"), func(r referRow) string { return r.TLP }},
			column[referRow]{a.text.Text("col.time"), func(r referRow) string { return r.At }},
			column[referRow]{a.text.Text("col.agency"), func(r referRow) string { return r.Sender }})
	})
}

func (c *room) referRows(r *referrals.Room) ([]referRow, error) {
	drafts, err := referrals.Drafts(c.ctx, c.r, c.k.ID)
	if err != nil {
		return nil, err
	}
	var rows []referRow
	for _, d := range drafts {
		row, err := c.referRow(r, d)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	got, err := referrals.ReceivedOf(c.ctx, c.r, c.k.ID)
	for _, x := range got {
		rows = append(rows, receivedOf(x))
	}
	return rows, err
}

func receivedOf(x referrals.Received) referRow {
	return referRow{Referral: x.Package, Way: "in", Country: x.Country, State: "received", TLP: x.Handling, At: utc(x.At),
		Officer: string(x.Officer), Sender: x.Sender, Known: x.Known}
}

func (c *room) referRow(r *referrals.Room, d referrals.Draft) (referRow, error) {
	row := referRow{Referral: string(d.ID), Way: "out", Country: d.Country, State: "cut", At: utc(d.At), Officer: string(d.Officer)}
	a, err := r.Approval(c.ctx, c.r, d.ID)
	if fault.KindOf(err) == fault.NotFound {
		return row, nil
	}
	if err != nil {
		return row, err
	}
	row.State, row.TLP, row.ApprovedBy, row.At = "approved", a.Terms().TLP, string(a.Officer()), utc(a.At())
	sealed, err := referrals.Sealings(c.ctx, c.r, d.ID)
	for _, s := range sealed {
		row.State, row.At = "sealed", utc(s.At)
		row.Recipients = strings.ReplaceAll(s.Recipients, "\n", " ")
	}
	return row, err
}

// referShow shows one referral: who cut, approved and sealed it for whom.
type referShow struct {
	Referral string `arg:"" help:"${help_refer_name}"`
}

// Run shows the referral.
func (c *referShow) Run(a *app) error {
	return a.inReferral(c.Referral, "referral.show", func(in *room, r *referrals.Room, d referrals.Draft, _ string) error {
		row, err := in.referRow(r, d)
		if err != nil {
			return err
		}
		sealed, err := referrals.Sealings(a.ctx, in.r, d.ID)
		if err != nil {
			return err
		}
		shown := struct {
			referRow
			Case       string              `json:"case"`
			Digest     string              `json:"digest"`
			Checkpoint string              `json:"checkpoint"`
			Sealed     []referrals.Sealing `json:"sealed"`
		}{row, string(d.Case), d.Digest, d.Checkpoint, sealed}
		if a.JSON {
			return a.print.value(shown, "")
		}
		a.print.line(a.text.Text("refer.shown", string(d.ID), d.Country, string(d.Case), a.text.Text("refer.state."+row.State), d.Digest, string(d.Officer), row.ApprovedBy))
		for _, s := range sealed {
			a.print.line(a.text.Text("refer.sealed", s.File, s.SHA256, utc(s.At), strings.ReplaceAll(s.Recipients, "\n", " ")))
		}
		return nil
	})
}

// referReceive takes in a package of another agency.
type referReceive struct {
	ofCase    `embed:""`
	Package   string `arg:"" help:"${help_refer_package}"`
	Identity  string `placeholder:"FILE" help:"${help_refer_identity}"`
	SenderKey string `placeholder:"FILE" help:"${help_refer_sender_key}"`
	Trust     string `placeholder:"FILE" help:"${help_refer_trust}"`
}

// receivedRow is a package that came in as the verb prints it.
type receivedRow struct {
	referRow
	Exhibit string `json:"exhibit"`
	File    string `json:"file"`
	SHA256  string `json:"sha256"` // of the tar, opened
	Signer  string `json:"signer"` // fingerprint of the key
}

// Run opens, checks and seals the package.
func (c *referReceive) Run(a *app) error {
	return a.inCase(c.Case, "referral.receive", func(in *room) error {
		order := referrals.Incoming{Case: in.k.ID, Path: c.Package}
		for _, f := range []struct {
			name string
			into *[]byte
		}{{c.Identity, &order.Identity}, {c.SenderKey, &order.Sender}, {c.Trust, &order.Trust}} {
			if f.name == "" {
				continue
			}
			b, err := os.ReadFile(f.name)
			if err != nil {
				return fault.New(fault.NotFound, "refer receive: %w", err)
			}
			*f.into = b
		}
		x, rep, err := referrals.New(in.v, nil).Receive(a.ctx, in.r, order)
		if err != nil {
			for _, p := range rep.Problems[:min(len(rep.Problems), 5)] {
				a.print.line(a.text.Text("refer.problem", p))
			}
			return err
		}
		key := "refer.signer_unknown"
		if rep.Answer == referral.IntactKnown {
			key = "refer.signer_known"
		}
		a.print.line(a.text.Text("refer.received", x.Sender, x.Package, x.Country, x.Handling))
		a.print.line(a.text.Text(key, x.Signer))
		row := receivedRow{receivedOf(x), x.Exhibit, x.File, x.SHA256, x.Signer}
		return a.print.value(row, x.Exhibit)
	})
}
