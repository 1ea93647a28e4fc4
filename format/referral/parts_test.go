package referral

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"tutela/fault"
	"tutela/format"
	"tutela/format/envelope"
	"tutela/format/when"
)

func TestCoverageRoundTrip(t *testing.T) {
	c := full().Coverage
	b, err := c.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseCoverage(b)
	c.Format = coverageFormat
	if diff := cmp.Diff(c, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if !bytes.HasPrefix(b, []byte(`{"format":"tutela coverage v1","exhibits":[{"label":"exhibit-A","read":1,`)) || !bytes.HasSuffix(b, []byte("]}\n")) {
		t.Errorf("%s", b)
	}
	for _, n := range []int64{-1, maxCount + 1} {
		c.Exhibits = []Covered{{Label: "e", Failed: n}}
		if _, err := c.encode(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("count %d: %v", n, err)
		}
	}
}

func TestCoverageLeavesItsArgumentAlone(t *testing.T) {
	c := Coverage{Exhibits: []Covered{{Label: "e"}}, Stages: []Stage{{"s", "1"}}, Lists: []ListUsed{{Source: "l"}}}
	if _, err := c.encode(); err != nil {
		t.Fatal(err)
	}
	if c.Lists[0].Algorithms != nil || c.Format != "" {
		t.Errorf("%+v", c)
	}
}

func TestCells(t *testing.T) {
	for in, want := range map[string]string{
		"":            "",
		"a":           "a",
		"=1+1":        "'=1+1",
		"+39":         "'+39",
		"-1":          "'-1",
		"@sum":        "'@sum",
		"\t=1":        "' =1",
		"\r=1":        "' =1",
		"＝1":          "'＝1",
		"a\nb":        "a b",
		"a=1":         "a=1",
		"'already":    "'already",
		"кириллица":   "кириллица",
		"\u202e+39 x": "\u202e+39 x",
	} {
		if got := cell(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestTimesAreNotInvented(t *testing.T) {
	for _, c := range []struct {
		t    when.Time
		want string
	}{
		{when.Time{}, ""},
		{when.Time{Wall: "2025-03-12T10:11"}, "2025-03-12T10:11 (zone?)"},
		{when.Time{Text: "yesterday"}, "yesterday"},
		{when.FromUTC(moment(), when.Second), "2026-11-23T08:00:00Z"},
	} {
		if got := wrote(c.t, "zone?"); got != c.want {
			t.Errorf("%+v gives %q, want %q", c.t, got, c.want)
		}
	}
}

// TestGraphSaysNoMore wants nothing in the graph that the package lacks, and
// roles only for those who have one.
func TestGraphSaysNoMore(t *testing.T) {
	p := full()
	p.Persons = append(p.Persons, Person{ID: "p3", Name: "P-Crow", Category: "other", Minor: "unknown"})
	b, err := p.Graph(moment())
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Graph []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, n := range doc.Graph {
		count[n["@type"].(string)]++
	}
	want := map[string]int{"case-investigation:Subject": 1, "uco-victim:Victim": 1, "uco-identity:Person": 3, "uco-observable:Message": 2,
		"uco-observable:MessageThread": 1, "uco-observable:PhoneAccount": 1, "uco-analysis:AnalyticResult": 2,
		"case-investigation:ProvenanceRecord": 1, "case-investigation:Authorization": 2}
	for class, n := range want {
		if count[class] != n {
			t.Errorf("%d of %s, want %d", count[class], class, n)
		}
	}
	if !bytes.Contains(b, []byte("numbering plan +39, author")) || !bytes.Contains(b, []byte(`"TLP:AMBER H1: not in court without permission"`)) {
		t.Error("the reason for the country or the handling is missing")
	}
}

func TestOtherPackageOtherIRIs(t *testing.T) {
	a, b := least(), least()
	b.ID = strings.Repeat("1b", 16)
	x, err1 := a.Graph(moment())
	y, err2 := b.Graph(moment())
	if err1 != nil || err2 != nil || bytes.Equal(x, y) || bytes.Contains(y, []byte(a.ID)) {
		t.Error("two packages share IRIs", err1, err2)
	}
}

func TestAnswers(t *testing.T) {
	for a, want := range map[Answer]int{Altered: 10, IntactUnknown: 11, IntactKnown: 0, Answer(9): 10} {
		if a.ExitCode() != want || a.String() == "" {
			t.Errorf("%v exits with %d", a, a.ExitCode())
		}
	}
	var zero Report
	if zero.Answer != Altered {
		t.Error("the zero report is not altered")
	}
}

func TestReadmeHasTheCommands(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		b, err := labels(t, lang).text(readmeKeys(), strings.Repeat("0a", 16))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"gpg --verify", "gpg --output", "age --decrypt", "ssh-keygen -Y verify", "sha512sum --strict -c", "tutela verify --trust",
			strings.Repeat("0a", 16) + ".tar"} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s: README lacks %q", lang, want)
			}
		}
		if strings.Contains(string(b), "{id}") || strings.Contains(string(b), "%!") {
			t.Errorf("%s: README has a hole", lang)
		}
	}
}

// TestWholeRoad seals a package both ways, opens it with stock tools and
// verifies what comes out.
func TestWholeRoad(t *testing.T) {
	gpg, err := exec.LookPath("gpg")
	ageTool, err2 := exec.LookPath("age")
	if err != nil || err2 != nil {
		t.Skip("gpg or age is not installed")
	}
	dir, err := os.MkdirTemp("", "pkg") // gpg's agent wants a short path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", dir, "--kill", "all").Run()
		_ = os.RemoveAll(dir)
	})
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	site, err1 := envelope.GenerateKey("Site", "s@example.org", moment().Add(-time.Hour), rand.Reader)
	agency, err2 := envelope.GenerateKey("Agency", "a@example.org", moment().Add(-time.Hour), rand.Reader)
	id, err3 := age.GenerateX25519Identity()
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	var pgp, aged bytes.Buffer
	if err := envelope.SealOpenPGP(&pgp, bytes.NewReader(pack(t, full())), []*envelope.Key{agency}, site, moment(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := envelope.SealAge(&aged, bytes.NewReader(pack(t, full())), id.Recipient()); err != nil {
		t.Fatal(err)
	}
	private, err1 := agency.Private()
	public, err2 := site.Public()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	home := []string{"--homedir", dir, "--batch", "--yes", "--quiet", "--faked-system-time", "20261123T090000!"}
	for _, args := range [][]string{{"--import", file("a.key", private), file("s.key", public)},
		{"--output", filepath.Join(dir, "gpg.tar"), "--decrypt", file("x.tar.gpg", pgp.Bytes())}} {
		if out, err := exec.Command(gpg, append(home, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if out, err := exec.Command(ageTool, "--decrypt", "-i", file("id", []byte(id.String()+"\n")), "-o", filepath.Join(dir, "age.tar"),
		file("x.tar.age", aged.Bytes())).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"gpg.tar", "age.tar"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if r := VerifyTar(f, format.Limits{}, trusted()); r.Answer != IntactKnown {
			t.Errorf("%s: %v %q", name, r.Answer, r.Problems)
		}
		f.Close()
	}
}

func FuzzParseCoverage(f *testing.F) {
	b, err := full().Coverage.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"tutela coverage v1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCoverage(b)
		if err != nil {
			return
		}
		if again, err := c.encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q is read, but written as %q", b, again)
		}
	})
}

// TestLargeItemIsStreamed writes 64 MB without an item in memory.
func TestLargeItemIsStreamed(t *testing.T) {
	if testing.Short() {
		t.Skip("64 MB in a short run")
	}
	const size = 64 << 20
	p := least()
	p.Items = []Item{{ID: "x", Name: "big.bin", Included: true, Delivered: Delivered{Size: size,
		Digests: Digests{SHA256: "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351"}}}}
	zero := func(string) (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeros{}, size)), nil }
	r, w := io.Pipe()
	go func() { w.CloseWithError(Write(w, p, moment(), siteKey(), labels(t, "en"), zero)) }()
	if got := VerifyTar(r, format.Limits{}, trusted()); got.Answer != IntactKnown {
		t.Errorf("%v %q", got.Answer, got.Problems)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
