package referral

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"tutela/fault"
	"tutela/format/when"
)

// Keys returns every key that Labels must have.
func Keys() []string {
	var all []string
	for _, k := range strings.Fields(`lang title at_risk urgent request facts persons identifiers handling from to case
		basis purpose transfer time none messages groups items matches exhibits custody coverage authorisations why_here
		relations claims source included not_included digests original delivered masked kind value spellings person
		category minor sender list version algorithm distance rule decision evaluation place text group direction zone_unknown
		read unread failed excluded stages lists known_error proved note intro pseudonym_note other_participant
		answer seen untold more`) {
		all = append(all, "referral."+k)
	}
	for _, code := range strings.Fields(`phone email url invite handle wa-name author member mentioned saved-contact sender recipient
		payer subscriber owner uses victim suspect convicted witness contact other yes possible unknown observed reported assessed
		sent received`) {
		all = append(all, "referral.word."+code)
	}
	return append(all, readmeKeys()...)
}

// Word returns a code of the package (kind, relation, category…) in the words
// of the reader. A code without a word stands for itself.
func (l Labels) Word(code string) string {
	if s, ok := l["referral.word."+code]; ok {
		return s
	}
	return code
}

func readmeKeys() []string {
	return []string{"referral.readme.head", "referral.readme.gpg", "referral.readme.age", "referral.readme.check", "referral.readme.signature", "referral.readme.tutela"}
}

// get returns the sentence of a key without "referral.".
func (l Labels) get(key string) (string, error) {
	s, ok := l["referral."+key]
	if !ok {
		return "", fault.New(fault.Invalid, "referral: no sentence for %s", key)
	}
	return s, nil
}

// text joins the sentences of keys; %[1]s in them is the package's id.
func (l Labels) text(keys []string, id string) ([]byte, error) {
	var b bytes.Buffer
	for _, k := range keys {
		s, err := l.get(strings.TrimPrefix(k, "referral."))
		if err != nil {
			return nil, err
		}
		b.WriteString(strings.ReplaceAll(s, "{id}", id) + "\n")
	}
	return b.Bytes(), nil
}

// page1 writes the summary line by line.
type page1 struct {
	b      strings.Builder
	labels Labels
	err    error
}

func (p *page1) label(key string) string {
	s, err := p.labels.get(key)
	if err != nil && p.err == nil {
		p.err = err
	}
	return s
}

func (p *page1) head(key string) { p.b.WriteString("\n" + strings.ToUpper(p.label(key)) + "\n") }

// say writes a label and a value, if there is one, on one line.
func (p *page1) say(key, value string) {
	if value != "" {
		p.b.WriteString(p.label(key) + ": " + oneLine(value) + "\n")
	}
}

// oneLine takes away what could forge another line of the summary.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }), " ")
}

// Summary returns data/summary.txt: one page to paste into a message system.
func (p Package) Summary(at time.Time, labels Labels) ([]byte, error) {
	w := &page1{labels: labels}
	if p.ChildAtRisk {
		w.b.WriteString("*** " + w.label("at_risk") + " ***\n")
	}
	w.b.WriteString(p.TLP + "\n" + w.label("title") + " " + p.ID + "\n")
	w.say("from", strings.TrimSpace(p.From.Name+", "+p.From.Country+" "+p.From.Channel))
	w.say("to", strings.TrimSpace(strings.Trim(p.To.Name+", "+p.Country, ", ")+" "+p.To.Channel))
	w.say("case", strings.TrimSpace(p.Case+" "+p.Title))
	w.say("time", at.UTC().Format(time.RFC3339))
	w.say("urgent", p.Urgent)
	w.head("request")
	w.b.WriteString(oneLine(p.Request) + "\n")
	w.say("basis", p.LegalBasis)
	w.say("purpose", p.Purpose)
	w.b.WriteString(w.label("answer") + "\n")
	p.facts(w)
	p.people(w)
	w.head("handling")
	w.b.WriteString(p.TLP + "\n")
	w.say("handling", p.Handling)
	w.say("transfer", p.TransferBasis)
	return []byte(w.b.String()), w.err
}

// maxLines bounds how many groups and how many matches the summary lists.
const maxLines = 12

func (p Package) facts(w *page1) {
	w.head("facts")
	fmt.Fprintf(&w.b, "%s: %d\n%s: %d\n%s: %d\n", w.label("messages"), len(p.Messages), w.label("items"), len(p.Items), w.label("matches"), p.matches())
	n := 0
	for _, i := range p.Items {
		for _, m := range i.Matches {
			if n++; n <= maxLines {
				fmt.Fprintf(&w.b, "- %s: %s %s (%s, %s: %d)\n", i.Name, oneLine(m.List), oneLine(m.Version), m.Algorithm, w.label("distance"), m.Distance)
			}
		}
	}
	for i, g := range p.Groups {
		if i < maxLines {
			w.say("groups", strings.TrimSpace(g.Label+" "+g.Subject+" "+g.Platform))
		}
	}
	if n > maxLines || len(p.Groups) > maxLines {
		w.b.WriteString(w.label("more") + "\n")
	}
}

func (p Package) people(w *page1) {
	w.head("persons")
	for _, x := range p.Persons {
		fmt.Fprintf(&w.b, "- %s (%s: %s; %s: %s)\n", oneLine(x.Name), w.label("category"), w.labels.Word(x.Category),
			w.label("minor"), w.labels.Word(x.Minor))
	}
	if len(p.Persons) == 0 {
		w.b.WriteString(w.label("none") + "\n")
	}
	w.head("identifiers")
	for _, x := range p.Identifiers {
		var why []string
		for _, r := range x.Countries {
			why = append(why, r.Text)
		}
		about := []string{strings.Join(x.relationKinds(w.labels), ", "), oneLine(strings.Join(why, "; "))}
		if seen := p.Seen(x.ID, w.label("zone_unknown")); seen != "" {
			about = append(about, w.label("seen")+" "+seen)
		}
		fmt.Fprintf(&w.b, "- %s: %s (%s)\n", w.labels.Word(x.Kind), oneLine(x.Value), strings.Join(about, "; "))
	}
	if len(p.Identifiers) == 0 {
		w.b.WriteString(w.label("none") + "\n")
	}
}

// Seen returns the times of the first and last message of an identifier, ""
// when it wrote none: the period to ask an operator about.
func (p Package) Seen(id, unknownZone string) string {
	var all []when.Time
	for _, m := range p.Messages {
		if m.Author == id && (m.Time.UTC != "" || m.Time.Wall != "") {
			all = append(all, m.Time)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.SortStableFunc(all, func(x, y when.Time) int { return cmp.Compare(cmp.Or(x.UTC, x.Wall), cmp.Or(y.UTC, y.Wall)) })
	first, last := wrote(all[0], unknownZone), wrote(all[len(all)-1], unknownZone)
	if first == last {
		return first
	}
	return first + " – " + last
}

func (p Package) matches() int {
	n := 0
	for _, i := range p.Items {
		n += len(i.Matches)
	}
	return n
}

// relationKinds returns each kind of relation once, in order of appearance, in
// words.
func (x Identifier) relationKinds(l Labels) []string {
	var kinds []string
	seen := map[string]bool{}
	for _, r := range x.Relations {
		if !seen[r.Kind] {
			seen[r.Kind] = true
			kinds = append(kinds, l.Word(r.Kind))
		}
	}
	return kinds
}

// table returns data/identifiers.csv. A cell that a spreadsheet could take for
// a formula gets an apostrophe in front; case.jsonld has the plain value.
func (p Package) table() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{{"id", "kind", "value", "person", "relation", "group", "exhibit", "place", "country", "why", "spellings"}}
	for _, x := range p.Identifiers {
		var why []string
		for _, r := range x.Countries {
			why = append(why, r.Text)
		}
		relations := x.Relations
		if len(relations) == 0 {
			relations = []Relation{{}}
		}
		for _, r := range relations {
			rows = append(rows, []string{x.ID, x.Kind, x.Value, x.Person, r.Kind, r.Group, r.Source.Exhibit, r.Source.Place,
				p.Country, strings.Join(why, "; "), strings.Join(x.Spellings, " | ")})
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, fault.New(fault.Invalid, "referral: identifiers: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// cell makes a value harmless in a spreadsheet (OWASP, CSV injection).
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0]) || strings.HasPrefix(s, " ") {
		return "'" + s
	}
	return s
}

// wrote returns a time as a person reads it: what is known, and no more.
func wrote(t when.Time, unknown string) string {
	switch {
	case !t.Known():
		return ""
	case t.UTC != "":
		return t.UTC
	case t.Wall != "":
		return t.Wall + " (" + unknown + ")"
	}
	return t.Text
}
