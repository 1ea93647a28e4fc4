package caseuco

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/piprate/json-gold/ld"

	"tutela/fault"
)

// sample has every kind of thing that the package can write.
func sample() *Graph {
	g := New("urn:tutela:referral:0a0a:")
	app := g.Application("whatsapp", "WhatsApp")
	phone := g.PhoneAccount("i1", "+390612345678")
	account := g.Account("i2", "heron", "handle", app)
	mail := g.EmailAddress("i3", "a@example.org")
	link := g.URL("i4", "https://chat.example/XYZ")
	file := g.File("x1", "item.jpg", "image/jpeg", 900, []Hash{{"MD5", strings.Repeat("ab", 16)}, {"SHA256", strings.Repeat("cd", 32)}, {"PDQ", strings.Repeat("0f", 32)}})
	unknown := g.File("x2", "item.bin", "", -1, nil)
	m1 := g.Message("m1", "text with \"quotes\" and <b>", "2026-01-02T10:00:00Z", "", phone, app)
	m2 := g.Message("m2", "again", "", "time as written: 3/4/26, 10:11", account, app)
	g.RelateObservables("a1", "Attachment_Of", file, m1)
	thread := g.Thread("g1", "group-4c", []*Node{m1, m2}, []*Node{phone, account})
	empty := g.Thread("g2", "group-5d", nil, nil)
	person := g.Person("p1", "P-Heron", "case-investigation:Subject")
	victim := g.Person("p2", "P-Wren", "uco-victim:Victim")
	plain := g.Person("p3", "P-Crow", "")
	g.Relate("as", "Assigned_To", phone, person)
	exhibit := g.Exhibit("e1", "exhibit-A", "chat export", file, unknown)
	agency := g.Organization("from", "Unit")
	g.Action("s1", "sealed", "2026-01-02T10:00:00Z", agency, exhibit)
	g.Result("r1", "INT/1", "list A 3, pdq, distance 6", file)
	g.Investigation("case", "case-1", "prevention").Ref("uco-core:objectMarking", g.Statement("h", "TLP:AMBER")).
		Ref("case-investigation:relevantAuthorization", g.Authorization("w", "warrant", "W-1", "2026-01-01T00:00:00Z", "")).
		Ref("uco-core:object", person, victim, plain, thread, empty, mail, link, nil)
	return g
}

func encoded(t testing.TB, g *Graph) []byte {
	t.Helper()
	b, err := g.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// refuser is a document loader that fetches nothing.
type refuser struct{}

func (refuser) LoadDocument(u string) (*ld.RemoteDocument, error) {
	return nil, errors.New("remote context refused: " + u)
}

// triples counts the distinct triples of a document as json-gold reads it.
func triples(doc []byte) (int, error) {
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		return 0, err
	}
	o := ld.NewJsonLdOptions("")
	o.DocumentLoader = refuser{}
	o.Format = "application/n-quads"
	out, err := ld.NewJsonLdProcessor().ToRDF(v, o)
	if err != nil {
		return 0, err
	}
	lines := map[string]bool{}
	for line := range strings.Lines(out.(string)) {
		lines[line] = true
	}
	return len(lines), nil
}

func TestSameBytes(t *testing.T) {
	a, b := encoded(t, sample()), encoded(t, sample())
	if !bytes.Equal(a, b) {
		t.Error("two graphs of the same calls differ")
	}
	if n, err := triples(a); err != nil || n < 150 {
		t.Errorf("%d triples, %v", n, err)
	}
	if bytes.Contains(a, []byte("\\u003c")) {
		t.Error("HTML escapes in JSON-LD")
	}
}

// TestIdentifiers wants an own IRI for every node, and a node for every
// reference.
func TestIdentifiers(t *testing.T) {
	var doc struct {
		Graph []any `json:"@graph"`
	}
	if err := json.Unmarshal(encoded(t, sample()), &doc); err != nil {
		t.Fatal(err)
	}
	defined, used := map[string]int{}, map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if id, ok := v["@id"].(string); ok {
				used[id] = true
				if _, typed := v["@type"]; typed {
					defined[id]++
				}
			} else if _, literal := v["@value"]; !literal {
				t.Errorf("blank node %v", v)
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc.Graph)
	form := regexp.MustCompile(`^kb:[a-z-]+-[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for id := range used {
		if defined[id] != 1 || !form.MatchString(id) {
			t.Errorf("%s is defined %d times", id, defined[id])
		}
	}
}

func TestNamespaceKeysEveryIRI(t *testing.T) {
	a, b := New("urn:tutela:referral:1:"), New("urn:tutela:referral:2:")
	if a.Organization("x", "X").ID() == b.Organization("x", "X").ID() {
		t.Error("the same thing has the same IRI in two packages")
	}
}

func TestMistakesAreErrors(t *testing.T) {
	for name, make := range map[string]func(*Graph){
		"twice":       func(g *Graph) { g.Organization("a", "A"); g.Organization("a", "B") },
		"facet twice": func(g *Graph) { g.PhoneAccount("a", "1").Facet("uco-observable:AccountFacet") },
		"hash":        func(g *Graph) { g.File("f", "f", "", 1, []Hash{{"MD5", "abc"}}) },
		"base64 hash": func(g *Graph) { g.File("f", "f", "", 1, []Hash{{"PDQ", "q83vEjRWeJA="}}) },
		"time":        func(g *Graph) { g.Action("a", "a", "2026-01-02T10:00Z", nil) },
		"local time":  func(g *Graph) { g.Message("m", "", "2026-01-02T10:00:00", "", nil, nil) },
		"other graph": func(g *Graph) { g.Relate("r", "x", New("urn:o:").Organization("o", "O"), g.Organization("a", "A")) },
	} {
		g := New("urn:tutela:referral:1:")
		make(g)
		if _, err := g.Bytes(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New("not an iri").Bytes(); err == nil {
		t.Error("a namespace with spaces was taken")
	}
}

func TestContextIsInline(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(encoded(t, New("urn:x:")), &doc); err != nil {
		t.Fatal(err)
	}
	context, ok := doc["@context"].(map[string]any)
	if !ok || context["kb"] != "urn:x:" {
		t.Errorf("context %v", doc["@context"])
	}
	for prefix, iri := range context {
		if s, ok := iri.(string); !ok || s == "" || strings.HasSuffix(s, "context") {
			t.Errorf("prefix %s is %v", prefix, iri)
		}
	}
	if diff := cmp.Diff([]any{}, doc["@graph"]); diff != "" {
		t.Error(diff)
	}
}

func conformance(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(filepath.Join(dir, "case")); err != nil {
		t.Skip("no conformance data; set TUTELA_CONFORMANCE")
	}
	return filepath.Join(dir, "case")
}

// TestTripleCounts shows that the reader used here counts as others do.
func TestTripleCounts(t *testing.T) {
	dir := conformance(t)
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Documents map[string]struct {
			Triples int
			Error   any
		}
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected.Documents {
		doc, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		n, err := triples(doc)
		if (want.Error != nil) != (err != nil) || err == nil && n != want.Triples {
			t.Errorf("%s: %d triples, want %d (%v)", name, n, want.Triples, err)
		}
	}
}

// TestTermsExist looks up every class and property in the ontology.
func TestTermsExist(t *testing.T) {
	dir := conformance(t)
	known := map[string]bool{}
	subject := regexp.MustCompile(`(?m)^([a-z-]+):([A-Za-z]+)$`)
	files, err := filepath.Glob(filepath.Join(dir, "ontology", "*", "*", "*.ttl"))
	more, err2 := filepath.Glob(filepath.Join(dir, "ontology", "*", "*", "*", "*.ttl"))
	if err != nil || err2 != nil || len(files)+len(more) == 0 {
		t.Fatal(err, err2)
	}
	for _, f := range append(files, more...) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range subject.FindAllStringSubmatch(string(text), -1) {
			known[m[2]] = true
		}
	}
	for _, m := range regexp.MustCompile(`"(case|uco)-[a-z]+:([A-Za-z]+)"`).FindAllStringSubmatch(string(encoded(t, sample())), -1) {
		if !known[m[2]] {
			t.Errorf("the ontology has no %s", m[0])
		}
	}
}

// TestGraphs writes the sample for the SHACL run into $TUTELA_GRAPHS.
func TestGraphs(t *testing.T) {
	b := encoded(t, sample())
	if dir := os.Getenv("TUTELA_GRAPHS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "sample.jsonld"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
