package referrals

import (
	"slices"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
	"tutela/fault"
	"tutela/format/referral"
)

// accept takes the identifiers that an officer confirmed for the country and
// that did something, or that were named one by one.
func (b *builder) accept() error {
	hidden := b.hidden()
	for _, s := range b.m.standings {
		left := func(r Reason) { b.leave(LeftOut{Kind: "identifier", ID: string(s.ID), What: s.Value, Reason: r}) }
		also := slices.Contains(b.req.Also, s.ID)
		switch {
		case s.Verdict == identifiers.Rejected:
			left(Rejected)
		case s.Verdict != identifiers.Confirmed:
			left(Unconfirmed)
		case b.m.untold(string(s.ID)) || hidden[s.ID]:
		case !also && !active(s.Relations) && slices.Contains(s.Relations, identifiers.Member):
			left(NoPost)
		case !also && !active(s.Relations):
			left(MentionOnly)
		default:
			if err := b.take(s, also); err != nil {
				return err
			}
		}
	}
	for _, id := range b.req.Also {
		if b.taken[id] == nil {
			return fault.New(fault.Refused, "refer: identifier %s is not confirmed for %s in this case, or stands nowhere that may be told", id, b.req.Country)
		}
	}
	if len(b.order) == 0 {
		return fault.Hint(fault.New(fault.NotFound, "refer: nobody who wrote or sent something is confirmed for %s", b.req.Country),
			"Confirm identifiers first: tutela countries confirm.")
	}
	return nil
}

// hidden returns the identifiers of persons whom a mark keeps out of every
// package.
func (b *builder) hidden() map[identifiers.ID]bool {
	visible := map[persons.ID]bool{}
	for _, p := range b.m.persons {
		visible[p.ID] = !b.m.untold(string(p.ID))
	}
	out := map[identifiers.ID]bool{}
	for _, a := range b.m.uses {
		if !visible[a.Person] {
			out[a.Identifier] = true
		}
	}
	return out
}

// ruleOfficer stands for a rule where an officer alone names the country.
const ruleOfficer = "officer"

// take puts one identifier into the package.
func (b *builder) take(s identifiers.Standing, also bool) error {
	reason, err := b.unseen(s, also)
	if err != nil {
		return err
	}
	if reason != "" {
		b.leave(LeftOut{Kind: "identifier", ID: string(s.ID), What: s.Value, Reason: reason})
		return nil
	}
	x := &referral.Identifier{ID: b.id("identifier", string(s.ID)), Kind: string(s.Kind), Value: s.Value}
	for _, c := range s.Claims {
		x.Countries = append(x.Countries, referral.Reason{Rule: c.Rule, Version: c.Version, Text: c.Basis, Decision: b.text.Text("cut.confirmed")})
	}
	if len(s.Claims) == 0 { // nobody but the officer says so; the words are masked later
		x.Countries = []referral.Reason{{Rule: ruleOfficer, Text: s.Why, Decision: b.text.Text("cut.confirmed")}}
	}
	b.taken[s.ID] = x
	b.order = append(b.order, s.ID)
	return nil
}

// unseen says why nothing that an identifier did may be told, or, of one that
// was named, no place where it stands; "" if something may. A name counts only
// outside of the address book of a protected source.
func (b *builder) unseen(s identifiers.Standing, also bool) (Reason, error) {
	ms, err := identifiers.Mentions(b.ctx, b.q, cases.View{}, s.ID)
	reason := NotOpen
	for _, m := range ms {
		switch {
		case !also && !slices.Contains(acts(), m.Relation), b.m.unopened(m):
		case s.Kind == identifiers.WAName && b.shielded(m.Exhibit, m.Group):
			reason = AddressBook
		default:
			return "", err
		}
	}
	return reason, err
}

// prepareMask lets the package's own identifiers stand in texts, and nothing
// else that the case knows.
func (b *builder) prepareMask() error {
	b.mask.own = map[string]bool{}
	for _, id := range b.order {
		x := b.taken[id]
		b.mask.addOwn(identifiers.Kind(x.Kind), x.Value)
	}
	for _, i := range b.m.everybody {
		if b.taken[i.ID] != nil {
			continue
		}
		b.mask.known.AddValue(i.Kind, i.Value, referral.Masked)
		if i.Kind == identifiers.WAName || i.Kind == identifiers.Handle {
			for _, s := range b.m.spellings[i.ID] {
				b.mask.known.AddName(s, referral.Masked)
			}
		}
	}
	told := b.assigned()
	for _, p := range b.m.everyPerson {
		switch {
		case !told[p.ID]:
			b.mask.known.AddPerson(p.Label, referral.Masked, referral.Masked)
		case p.Protected():
			b.mask.known.AddPerson(p.Label, p.Pseudonym, referral.Masked)
		}
	}
	b.maskNames(told)
	for _, s := range b.m.subjects {
		if !b.titles[s] {
			b.mask.known.AddPhrase(s, referral.Masked)
		}
	}
	for _, f := range b.m.files {
		b.mask.addFile(f)
	}
	for _, id := range b.order {
		for i := range b.taken[id].Countries {
			if c := &b.taken[id].Countries[i]; c.Rule == ruleOfficer {
				c.Text = b.mask.line(c.Text)
			}
		}
	}
	p := &b.cut.Package
	if p.LegalBasis == "" {
		p.LegalBasis = b.mask.line(strings.TrimSpace(b.m.k.Authority))
	}
	if p.LegalBasis == "" {
		return fault.Hint(fault.New(fault.Invalid, "refer: the case states no legal basis"), "Say it with --basis.")
	}
	return nil
}

// maskNames masks names that stand in claims and before the addresses of mails,
// and those under which a victim or possible minor of the package is known.
func (b *builder) maskNames(told map[persons.ID]bool) {
	with := map[persons.ID]string{}
	for _, p := range b.m.everyPerson {
		switch {
		case !told[p.ID]:
			with[p.ID] = referral.Masked
		case p.Protected():
			with[p.ID] = p.Pseudonym
		}
	}
	for _, c := range b.m.claims {
		if w := with[c.Person]; w != "" && naming(c.Predicate) {
			b.mask.known.AddPerson(c.Object, w, referral.Masked)
		}
	}
	for _, a := range b.m.uses {
		x, w := b.taken[a.Identifier], with[a.Person]
		if x == nil || w == "" || x.Kind != string(identifiers.WAName) && x.Kind != string(identifiers.Handle) {
			continue
		}
		for _, s := range append(b.m.spellings[a.Identifier], x.Value) {
			b.mask.known.AddPerson(s, w, referral.Masked)
		}
	}
	for _, from := range b.m.senders {
		at := strings.LastIndexByte(from, '<')
		if at <= 0 {
			continue
		}
		v, err := identifiers.ParseEmail(strings.Trim(from[at:], "<> "))
		if err != nil || !b.mask.own[string(v.Kind)+" "+v.Norm] {
			b.mask.known.AddName(strings.Trim(from[:at], `" `), referral.Masked)
		}
	}
}

// naming reports whether a claim says how somebody is called.
func naming(predicate string) bool {
	return slices.Contains([]string{"name", "alias", "nickname"}, predicate)
}

// assigned returns the persons that use an identifier of the package; accept
// takes none of a hidden person.
func (b *builder) assigned() map[persons.ID]bool {
	told := map[persons.ID]bool{}
	for _, a := range b.m.uses {
		if b.taken[a.Identifier] != nil {
			told[a.Person] = true
		}
	}
	return told
}
