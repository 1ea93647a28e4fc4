package referrals

import (
	"cmp"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"tutela/format/referral"
	"tutela/vault/evidence"
)

// exhibit returns the label of an exhibit and remembers that it appears.
func (b *builder) exhibit(id string) string {
	b.exhibitAt[id] = true
	return b.id("exhibit", id)
}

// exhibits describes what the sources were taken from. Of a protected source's
// own export nothing is told but its label.
func (b *builder) exhibits() error {
	wanted := slices.Sorted(maps.Keys(b.exhibitAt))
	for _, id := range wanted {
		b.counted(id)
	}
	chains, err := evidence.CustodyOf(b.ctx, b.q, wanted...)
	if err != nil {
		return err
	}
	for _, id := range wanted {
		e, ok := b.m.exhibits[id]
		x := referral.Exhibit{Label: b.id("exhibit", id), Kind: b.text.Text("cut.exhibit." + cmp.Or(b.kinds[id], "file"))}
		if ok && !b.shielded(id, "") && e.State != evidence.Erased {
			x.Digests = referral.Digests{MD5: hex.EncodeToString(e.MD5[:]), SHA1: hex.EncodeToString(e.SHA1[:]), SHA256: e.SHA256.String()}
			for _, c := range chains[id] {
				if slices.Contains([]string{evidence.StepSealed, evidence.StepHandedOver, evidence.StepReceived}, c.Step) {
					x.Custody = append(x.Custody, referral.Step{At: utc(c.At), What: b.text.Text("cut.step." + c.Step), Who: b.text.Text("cut.officer")})
				}
			}
		}
		b.cut.Package.Exhibits = append(b.cut.Package.Exhibits, x)
	}
	return nil
}

func utc(us int64) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).UTC().Format(time.RFC3339)
}

// authorisations names what allowed the work on the exhibits of the package.
func (b *builder) authorisations() error {
	all, err := evidence.Authorisations(b.ctx, b.q, string(b.m.k.ID))
	for _, a := range all {
		fits := a.Covers.All
		for id := range b.exhibitAt {
			fits = fits || slices.Contains(a.Covers.Exhibits, id) || slices.Contains(a.Covers.Acquisitions, b.m.exhibits[id].Acquisition)
		}
		if !fits {
			continue
		}
		issuer, reference := b.mask.line(a.Issuer), b.mask.line(a.Reference)
		if issuer == reference {
			issuer = ""
		}
		b.cut.Package.Authorisations = append(b.cut.Package.Authorisations, referral.Authorisation{
			Kind: b.text.Text("cut.authorisation"), Reference: reference, Issuer: issuer, From: utc(a.From), Until: utc(a.Until)})
	}
	return err
}

// sort brings everything whose order could tell something into the order of
// the keyed ids. Messages keep the order of their group.
func (b *builder) sort() {
	p := &b.cut.Package
	slices.SortFunc(p.Persons, func(x, y referral.Person) int { return cmp.Compare(x.ID, y.ID) })
	for _, id := range b.order {
		x := b.taken[id]
		slices.Sort(x.Spellings)
		slices.SortFunc(x.Relations, func(x, y referral.Relation) int {
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Group, y.Group), cmp.Compare(x.Source.Exhibit, y.Source.Exhibit))
		})
		p.Identifiers = append(p.Identifiers, *x)
	}
	slices.SortFunc(p.Groups, func(x, y referral.Group) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(p.Exhibits, func(x, y referral.Exhibit) int { return cmp.Compare(x.Label, y.Label) })
	c := &p.Coverage
	slices.SortFunc(c.Exhibits, func(x, y referral.Covered) int { return cmp.Compare(x.Label, y.Label) })
	slices.SortFunc(c.Stages, func(x, y referral.Stage) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Version, y.Version))
	})
	slices.SortStableFunc(b.cut.LeftOut, func(x, y LeftOut) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.What, y.What), cmp.Compare(x.ID, y.ID))
	})
}
