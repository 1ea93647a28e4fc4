package referrals_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
)

// world is one random case before it is written.
type world struct {
	n int // among the worlds of a site
	*mint
	target, second string // countries
	canaries       []*canary
	pool           []*thing // what texts may name
	things         []*thing // all of them
	idents         []*ident
	exports        []*export
	mails          []*letter
	records        []*record
	grants         []*grant

	title, authority, purpose, operation string
	basis                                text
	id                                   cases.ID // once it is written
}

// thing is a value that the case knows and that texts may name.
type thing struct {
	kind  identifiers.Kind
	value string
	dial  dial
	mine  []*canary // what would give it away

	country string // of a number
	words   int    // of a name
}

// write writes a thing in one of its ways.
func (t *thing) write(form int) string {
	switch t.kind {
	case identifiers.Phone:
		return t.dial.write(form)
	case identifiers.Email:
		return writeMail(t.value, form)
	case identifiers.URL, identifiers.Invite:
		return t.value
	case identifiers.Handle:
		return "@" + t.value
	case phrase:
		return []string{t.value, strings.ToUpper(t.value), "“" + t.value + "”"}[form%3]
	}
	return writeName(t.value, form)
}

// phrase is the kind of a title or file name: only the whole of it names
// something.
const phrase identifiers.Kind = "phrase"

// tell says what a country is told.
type tell func(country string) standing

func nobody(string) standing { return never }

// plant makes a canary of every word, number or token that gives a value away.
func (w *world) plant(where string, k identifiers.Kind, value string, t tell) []*canary {
	var all []*canary
	add := func(kind int, v string) {
		c := &canary{value: v, kind: kind, where: where, world: w.n, tell: t}
		all = append(all, c)
	}
	if k == identifiers.Phone {
		add(aNumber, value)
	} else {
		for _, v := range strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len([]rune(v)) >= 10 {
				add(aWord, v)
			}
		}
	}
	w.canaries = append(w.canaries, all...)
	return all
}

// secret is a text for a field that no country is ever told.
func (w *world) secret(where string) string {
	s := capital(w.word()) + " " + w.word()
	w.plant(where, "", s, nobody)
	switch w.r.IntN(4) {
	case 0:
		d := w.number(w.second)
		w.plant(where, identifiers.Phone, d.e164(), nobody)
		s += " " + d.write(w.r.IntN(numberForms))
	case 1:
		m := w.mail()
		w.plant(where, identifiers.Email, m, nobody)
		s += " " + m
	}
	return s
}

// open is a text for a field that a country may be told, as t says.
func (w *world) open(where string, t tell) string {
	s := w.plain()
	w.plant(where, "", s, t)
	return s
}

// known makes a thing and lets texts name it.
func (w *world) known(where string, k identifiers.Kind, t tell) *thing {
	x := w.fill(&thing{kind: k})
	x.mine = w.plant(where, k, x.value, t)
	w.pool = append(w.pool, x)
	return x
}

// fill gives a thing a new value of its kind.
func (w *world) fill(x *thing) *thing {
	if x.value == "" {
		w.things = append(w.things, x)
		x.country, x.words = []string{w.target, w.second, canaryCountries()[w.r.IntN(9)]}[w.r.IntN(3)], 1+w.r.IntN(3)
	}
	switch x.kind {
	case identifiers.Phone:
		x.dial = w.number(x.country)
		x.value = x.dial.e164()
	case identifiers.Email:
		x.value = w.mail()
	case identifiers.URL:
		x.value = w.link()
	case identifiers.Invite:
		x.value = w.invite()
	case identifiers.Handle:
		x.value = w.plain() + "_9"
	case phrase:
		x.value = w.word() + " " + w.word()
	default:
		x.value = w.name(x.words)
	}
	return x
}

// ident is somebody as an exhibit shows them: by number, name or address.
type ident struct {
	*thing
	verdict map[string]identifiers.Verdict
	why     map[string]string
	also    bool
	answer  bool           // an operator said who has it
	source  bool           // a protected source's own
	hidden  cases.MarkKind // an officer's mark
	person  *record
}

// talks reports whether somebody can be in a chat.
func (i *ident) talks() bool { return i.kind == identifiers.Phone || i.kind == identifiers.WAName }

// label is what a chat writes for somebody.
func (i *ident) label() string {
	if i.kind == identifiers.Phone {
		return i.dial.write(1)
	}
	return i.value
}

// accepted says whether a country is told of the identifier at all.
func (w *world) accepted(i *ident, country string) standing {
	if i.source || i.hidden != "" || i.person != nil && i.person.hidden != "" || i.verdict[country] != identifiers.Confirmed {
		return never
	}
	best, shown := never, i.kind != identifiers.WAName
	for _, e := range w.exports {
		for _, l := range e.lines {
			if l.author != i {
				continue
			}
			shown = shown || !e.protected
			best = max(best, e.open(l, i))
		}
	}
	for _, m := range w.mails {
		if m.sender == i && !m.protected {
			best = max(best, m.open())
		}
	}
	switch {
	case !shown:
		return never
	case i.answer, i.also && country == w.target:
		return always
	}
	return best
}

// told says whether a country is told the value: the name of a victim or
// possible minor is not.
func (w *world) told(i *ident, country string) standing {
	if (i.kind == identifiers.WAName || i.kind == identifiers.Handle) && i.person != nil && i.person.shielded() {
		return never
	}
	return w.accepted(i, country)
}

// record is a person in the case.
type record struct {
	label    *thing
	category persons.Category
	minor    persons.Minor
	hidden   cases.MarkKind
	uses     []*ident
	from     *export // where that is taken from
	claims   []claimed
	id       persons.ID // once it is written
}

type claimed struct {
	predicate string
	object    text
	of        *ident // nil: the person
	from      *export
	withdrawn bool
}

// shielded reports whether a pseudonym stands for the person.
func (p *record) shielded() bool {
	return p.category == persons.Victim || p.minor == persons.MinorYes || p.minor == persons.MinorPossible
}

// told says whether a country is told of the person.
func (w *world) toldOf(p *record, country string) standing {
	best := never
	for _, i := range p.uses {
		best = max(best, w.accepted(i, country))
	}
	return best
}

// text is a text in parts, so that what it names can be changed.
type text []part

type part struct {
	words string
	of    *thing
	form  int
}

func (t text) String() string {
	var all []string
	for _, p := range t {
		if p.of != nil {
			all = append(all, p.of.write(p.form))
		} else {
			all = append(all, p.words)
		}
	}
	return strings.Join(all, " ")
}

// say makes a text around a word of its own, which names what texts may name.
func (w *world) say(where string, t tell) text {
	out := text{{words: w.open(where, t)}}
	fillers := []string{"then ask", "and", "or so,", "look:", "not", "–", "tomorrow;", "(maybe)", "siempre", "\U0001F600"}
	for range w.r.IntN(4) {
		p := part{form: w.r.IntN(numberForms * nameForms)}
		if len(w.pool) > 0 && w.r.IntN(5) > 0 {
			p.of = w.pool[w.r.IntN(len(w.pool))]
		} else {
			p.of = w.stranger()
		}
		out = append(out, part{words: fillers[w.r.IntN(len(fillers))]}, p)
	}
	r := w.r
	if r.IntN(2) == 0 { // its own word last
		out[0], out[len(out)-1] = out[len(out)-1], out[0]
	}
	return out
}

// stranger is somebody of whom the case knows nothing: only the shape of the
// value says what it is.
func (w *world) stranger() *thing {
	kinds := []identifiers.Kind{identifiers.Phone, identifiers.Email, identifiers.URL, identifiers.Invite}
	x := w.fill(&thing{kind: kinds[w.r.IntN(len(kinds))]})
	x.mine = w.plant("somebody unknown in a text", x.kind, x.value, nobody)
	return x
}

// newWorld makes a case from a seed. Values are unique among the worlds that
// share used.
func newWorld(n int, seed uint64, used map[string]bool) *world {
	r := rand.New(rand.NewPCG(seed, 0x7475))
	w := &world{n: n, mint: &mint{r, used}}
	cs := canaryCountries()
	r.Shuffle(len(cs), func(i, j int) { cs[i], cs[j] = cs[j], cs[i] })
	w.target, w.second = cs[0], cs[1]
	w.title, w.purpose, w.operation = w.secret("title of the case"), w.secret("purpose of the case"), w.secret("name of the operation")
	w.makeIdents()
	w.makeRecords()
	w.makeExports()
	w.makeMails()
	w.claimNames()
	w.write()
	w.authority = "Order " + w.open("legal basis of the case", func(string) standing { return may })
	w.basis = w.say("authority of the case", func(string) standing { return may })
	w.makeGrants()
	return w
}

// makeIdents makes people: of the target, of the second country, of both, of
// none.
func (w *world) makeIdents() {
	kinds := []identifiers.Kind{identifiers.Phone, identifiers.Phone, identifiers.WAName, identifiers.WAName, identifiers.Email, identifiers.Handle}
	for n := range 8 + w.r.IntN(6) {
		i := &ident{verdict: map[string]identifiers.Verdict{}, why: map[string]string{}}
		k := kinds[w.r.IntN(len(kinds))]
		if n < 4 { // there are people to talk
			k = kinds[n%3]
		}
		i.thing = w.known("identifier", k, func(c string) standing { return w.told(i, c) })
		verdicts := []identifiers.Verdict{identifiers.Confirmed, identifiers.Confirmed, identifiers.Rejected, ""}
		v := verdicts[w.r.IntN(len(verdicts))]
		switch choice := w.r.IntN(5); {
		case n == 0:
			i.verdict[w.target] = identifiers.Confirmed
		case n == 1:
			i.source = i.talks()
		case choice < 2:
			i.verdict[w.target] = v
		case choice < 4:
			i.verdict[w.second] = v
		default:
			i.verdict[w.target], i.verdict[w.second] = identifiers.Confirmed, identifiers.Confirmed
		}
		if n > 2 && w.r.IntN(12) == 0 {
			i.hidden = []cases.MarkKind{cases.Protected, cases.Privileged}[w.r.IntN(2)]
		}
		i.also = i.verdict[w.target] == identifiers.Confirmed && i.hidden == "" && !i.source && i.kind == identifiers.Phone && w.r.IntN(4) == 0
		i.answer = !i.also && (i.kind == identifiers.Phone || i.kind == identifiers.Handle) && w.r.IntN(4) == 0
		for _, c := range []string{w.target, w.second} {
			if i.verdict[c] == "" {
				delete(i.verdict, c)
				continue
			}
			// The reason is told only where no rule gave one, and then masked.
			ruled := slices.Contains(identifiers.Countries(i.parsed()).Countries, c)
			i.why[c] = w.open("reason for a country", func(to string) standing {
				if ruled || c != to {
					return never
				}
				return min(may, w.accepted(i, c))
			})
		}
		w.idents = append(w.idents, i)
	}
}

// makeRecords opens persons and assigns what they use.
func (w *world) makeRecords() {
	for range 3 + w.r.IntN(4) {
		p := &record{category: persons.Categories()[w.r.IntN(6)], minor: persons.MinorUnknown}
		if w.r.IntN(3) == 0 {
			p.minor = []persons.Minor{persons.MinorPossible, persons.MinorYes}[w.r.IntN(2)]
		}
		if w.r.IntN(8) == 0 {
			p.hidden = []cases.MarkKind{cases.Protected, cases.Privileged}[w.r.IntN(2)]
		}
		p.label = w.known("name of a person", "", func(c string) standing {
			if p.shielded() {
				return never
			}
			return min(may, w.toldOf(p, c))
		})
		for range w.r.IntN(3) {
			if i := w.idents[w.r.IntN(len(w.idents))]; i.person == nil && !i.source {
				i.person, i.also = p, i.also && p.hidden == ""
				p.uses = append(p.uses, i)
			}
		}
		w.records = append(w.records, p)
	}
}

func (w *world) anExport() *export { return w.exports[w.r.IntN(len(w.exports))] }

// claimNames makes claims, among them further names, which texts may use too.
func (w *world) claimNames() {
	for _, p := range w.records {
		p.from = w.anExport()
		if w.r.IntN(2) == 0 {
			t := w.known("claimed name of a person", "", func(c string) standing {
				if p.shielded() {
					return never
				}
				return min(may, w.toldOf(p, c))
			})
			p.claims = append(p.claims, claimed{predicate: []string{"name", "alias", "nickname"}[w.r.IntN(3)], object: text{{of: t}}, from: w.anExport()})
		}
	}
}

// write writes all texts, once everything that they may name is there.
func (w *world) write() {
	for _, e := range w.exports {
		for _, l := range e.lines {
			if l.author != nil {
				l.said = w.say("words of a message", w.saidTo(e, l))
			}
		}
		if e.direct || e.title != nil {
			continue
		}
		// A group is told where one of its messages is.
		e.subject = w.say("subject of a group", func(c string) standing { return w.groupTo(e, c) })
		e.subject = slices.DeleteFunc(e.subject, func(p part) bool { return p.of != nil && p.of.kind == phrase })
	}
	for _, m := range w.mails {
		m.said, m.subject = w.say("words of a mail", w.mailTo(m)), w.say("subject of a mail", w.mailTo(m))
	}
	for _, p := range w.records {
		for range w.r.IntN(3) {
			c := claimed{predicate: "lives-in", from: w.anExport(), withdrawn: w.r.IntN(4) == 0}
			if len(p.uses) > 0 && w.r.IntN(2) == 0 {
				c.of = p.uses[0]
			}
			c.object = w.say("claim", func(country string) standing {
				switch {
				case c.withdrawn:
					return never
				case c.of != nil:
					return min(may, w.accepted(c.of, country))
				}
				return min(may, w.toldOf(p, country))
			})
			p.claims = append(p.claims, c)
		}
	}
}
