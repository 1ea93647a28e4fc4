package referrals_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/casework/persons"
)

// TestCanariesOthersChangeNothing changes whatever does not concern a country in a
// random case: the package says the same, and as much.
func TestCanariesOthersChangeNothing(t *testing.T) {
	n := 60
	if testing.Short() {
		n = 12
	}
	if os.Getenv("TUTELA_LONG") == "1" {
		n = 600
	}
	first := uint64(firstCanarySeed + 50_000)
	if s := os.Getenv("TUTELA_CANARY_SEED"); s != "" {
		var err error
		first, err = strconv.ParseUint(s, 10, 64)
		must(t, err)
		n = 1
	}
	s := openCanarySite(t, "", firstCanarySeed)
	told := 0
	for i := range n {
		seed := first + uint64(i)
		used := maps.Clone(s.used)
		a := newWorld(0, seed, maps.Clone(used))
		b := newWorld(1, seed, used)
		for n := range a.idents { // who is named is told of wherever others mention them
			a.idents[n].also, b.idents[n].also = false, false
		}
		b.disturb()
		s.write(a, b)
		first, c := s.pack(t, a, a.target, seed)
		second, d := s.pack(t, b, b.target, seed)
		if (first == nil) != (second == nil) {
			t.Errorf("seed %d: others decide whether there is a package", seed)
		}
		if first == nil || second == nil {
			continue
		}
		told += len(c.Package.Messages)
		if len(c.Package.Proofs) != len(d.Package.Proofs) {
			t.Errorf("seed %d: %d proofs, and %d when others changed", seed, len(c.Package.Proofs), len(d.Package.Proofs))
		}
		x, y := levelled(t, first), levelled(t, second)
		if diff := cmp.Diff(x, y); diff != "" {
			t.Errorf("seed %d: others changed the package for %s:\n%s", seed, a.target, diff[:min(len(diff), 3000)])
		}
	}
	if n > 1 && told < 3*n {
		t.Errorf("only %d messages were told in %d cases", told, n)
	}
}

var (
	keyedID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b([a-z]+)-[0-9a-f]{12}\b|\b(?:[0-9a-f]{32,128}|[0-9A-F]{32,128})\b`)
	instant   = regexp.MustCompile(`20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?`)
	pseudonym = regexp.MustCompile(`\b[A-Z][a-z]+-\d{4}\b`)
)

// levelled are the lines of each file that says something, without keyed ids,
// digests, pseudonyms and times of the work, in an order that does not depend
// on them. Of proofs the number stays.
func levelled(t *testing.T, pack []byte) map[string][]string {
	t.Helper()
	files, err := tarFiles(pack)
	must(t, err)
	level := func(s string) string {
		return instant.ReplaceAllString(pseudonym.ReplaceAllString(keyedID.ReplaceAllString(s, "$1-#"), "PSEUDONYM"), "TIME")
	}
	out := map[string][]string{}
	for name, content := range files {
		switch {
		case strings.HasPrefix(name, "data/proofs/") || strings.HasPrefix(name, "data/items/"):
			out["names"] = append(out["names"], level(name))
		case strings.HasPrefix(name, "data/"):
			lines := strings.FieldsFunc(strings.NewReplacer("<", "\n<", "{", "\n{", "}", "\n}", "]", "\n]", ",", "\n").Replace(level(string(content))), func(r rune) bool { return r == '\n' })
			slices.Sort(lines)
			out[name] = lines
		}
	}
	slices.Sort(out["names"])
	return out
}

// disturb changes, adds and takes away what does not concern the target.
func (w *world) disturb() {
	w.renameOthers()
	others := w.others()
	for _, i := range others {
		if v := i.verdict[w.second]; v != identifiers.Confirmed {
			i.verdict[w.second], i.why[w.second] = identifiers.Confirmed, w.secret("reason for a country")
		} else {
			i.verdict[w.second] = identifiers.Rejected
		}
	}
	for _, e := range w.exports {
		if !e.direct {
			w.disturbLines(e, others)
		}
	}
	w.addExport(others)
	for n := range 1 + w.r.IntN(3) {
		p := &record{category: persons.Suspect, minor: persons.MinorUnknown, label: w.known("name of a person", "", nobody), from: w.exports[0]}
		if n < len(others) && others[n].person == nil && others[n].kind != identifiers.WAName {
			p.uses, others[n].person = []*ident{others[n]}, p
		}
		p.claims = append(p.claims, claimed{predicate: "lives-in", object: w.say("claim", nobody), from: w.exports[0]})
		w.records = append(w.records, p)
	}
}

// others are those whom the target is not told of, whatever they write.
func (w *world) others() []*ident {
	var all []*ident
	for _, i := range w.idents {
		if i.talks() && i.verdict[w.target] != identifiers.Confirmed {
			all = append(all, i)
		}
	}
	return all
}

// renameOthers gives everything that the target is never told another value.
func (w *world) renameOthers() {
	told := map[*thing]bool{}
	for _, i := range w.idents {
		told[i.thing] = w.told(i, w.target) != never
	}
	for _, p := range w.records {
		told[p.label] = !p.shielded() && w.toldOf(p, w.target) != never
	}
	for _, x := range w.things {
		for _, c := range x.mine {
			told[x] = told[x] || c.tell(w.target) != never
		}
		if !told[x] && len(x.mine) > 0 {
			w.fill(x)
		}
	}
}

func (w *world) disturbLines(e *export, others []*ident) {
	isOther := func(i *ident) bool { return slices.Contains(others, i) }
	var lines []*line
	for _, l := range e.lines {
		if l.author != nil && isOther(l.author) && l.photo == nil && w.r.IntN(4) == 0 {
			continue
		}
		lines = append(lines, l)
		for _, m := range e.members {
			if isOther(m) && w.r.IntN(6) == 0 {
				x := &line{at: l.at, author: m, said: w.say("words of a message", nobody)}
				if w.r.IntN(4) == 0 {
					x.photo = w.makePhoto(&e.seized)
				}
				if w.r.IntN(4) == 0 {
					x.marked = cases.Protected
				}
				lines = append(lines, x)
			}
		}
	}
	e.lines = lines
}

// addExport adds a group of others alone.
func (w *world) addExport(others []*ident) {
	if len(others) < 2 {
		return
	}
	e := &export{members: others, owner: others[0]}
	e.file, e.ending, e.folder = w.known("name of an exhibit", phrase, nobody), ".txt", w.secret("folder of an exhibit")
	e.title = w.known("name of a group", phrase, nobody)
	w.makeLines(e, 0)
	for _, l := range e.lines {
		if l.author != nil {
			l.said = w.say("words of a message", nobody)
		}
	}
	w.exports = append(w.exports, e)
}
