package referral

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tutela/fault"
	"tutela/format"
	"tutela/format/bagit"
	"tutela/format/envelope"
)

func trusted() Trust {
	return Trust{Known: envelope.Known{pub(siteKey())}, Proof: sampleProof}
}

func unpack(t testing.TB, b []byte) fstest.MapFS {
	t.Helper()
	dir, r := fstest.MapFS{}, tar.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		dir[h.Name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
}

func TestWriteAndVerify(t *testing.T) {
	for name, p := range map[string]Package{"least": least(), "full": full()} {
		b := pack(t, p)
		if !bytes.Equal(b, pack(t, p)) {
			t.Errorf("%s: two writes differ", name)
		}
		r := VerifyTar(bytes.NewReader(b), format.Limits{}, trusted())
		if r.Answer != IntactKnown || r.Problems != nil || !r.Signer.Equal(pub(siteKey())) {
			t.Fatalf("%s: %v %q", name, r.Answer, r.Problems)
		}
		for _, f := range r.Files {
			if !f.OK || f.Why != "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if r := VerifyDir(unpack(t, b), format.Limits{}, trusted()); r.Answer != IntactKnown {
			t.Errorf("%s as a folder: %v %q", name, r.Answer, r.Problems)
		}
		other := trusted()
		other.Known = envelope.Known{make(ed25519.PublicKey, 32)}
		if r := VerifyTar(bytes.NewReader(b), format.Limits{}, other); r.Answer != IntactUnknown || r.Answer.ExitCode() != 11 {
			t.Errorf("%s: unknown signer: %v", name, r.Answer)
		}
		if r.Info["Tutela-Recipient-Country"] != "IT" || r.Info["External-Identifier"] != p.ID {
			t.Errorf("%s: info %v", name, r.Info)
		}
	}
}

func TestEverySingleByteOfAPackage(t *testing.T) {
	good := pack(t, least())
	step := 1
	if testing.Short() {
		step = 37
	}
	trust := trusted()
	for i := 0; i < len(good); i += step {
		good[i] ^= byte(1 << (i % 8))
		if r := VerifyTar(bytes.NewReader(good), format.Limits{}, trust); r.Answer != Altered || len(r.Problems) == 0 {
			t.Fatalf("byte %d of %d is not noticed", i, len(good))
		}
		good[i] ^= byte(1 << (i % 8))
	}
	if r := VerifyTar(bytes.NewReader(good), format.Limits{}, trust); r.Answer != IntactKnown {
		t.Fatal(r.Problems)
	}
}

// resign makes a bag of changed files with fresh manifests and signature: what
// a dishonest sender could do. The format must still hold.
func resign(t testing.TB, dir fstest.MapFS) []byte {
	t.Helper()
	bag := bagit.Bag{At: moment()}
	for _, name := range slices.Sorted(maps.Keys(dir)) {
		f := bagit.Bytes(name, dir[name].Data)
		switch {
		case strings.HasPrefix(name, "data/"):
			bag.Payload = append(bag.Payload, f)
		case name == bagit.BagInfo:
			fields, err := bagit.ParseInfo(f2b(t, f))
			if err != nil {
				t.Fatal(err)
			}
			bag.Info = fields
		case name != bagit.BagitTxt && name != bagit.Manifest && !strings.HasPrefix(name, bagit.TagManifest):
			bag.Tags = append(bag.Tags, f)
		}
	}
	for i := range bag.Info {
		if bag.Info[i].Label == "Payload-Oxum" && bag.Info[i].Value != "1.1" {
			bag.Info[i].Value = bagit.Oxum(bag.Payload)
		}
	}
	var out bytes.Buffer
	err := bagit.Write(&out, bag, func(m []byte) ([]bagit.File, error) {
		sig, err := envelope.SignSSH(bytes.NewReader(m), siteKey())
		return []bagit.File{bagit.Bytes(pathSignature, sig)}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func f2b(t testing.TB, f bagit.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSignedButWrong has packages whose signature is good and whose form is not.
func TestSignedButWrong(t *testing.T) {
	replace := func(name, from, to string) func(fstest.MapFS) {
		return func(d fstest.MapFS) {
			if !bytes.Contains(d[name].Data, []byte(from)) {
				t.Fatalf("%s has no %q", name, from)
			}
			d[name].Data = bytes.Replace(d[name].Data, []byte(from), []byte(to), 1)
		}
	}
	add := func(name, text string) func(fstest.MapFS) {
		return func(d fstest.MapFS) { d[name] = &fstest.MapFile{Data: []byte(text)} }
	}
	for name, change := range map[string]func(fstest.MapFS){
		"no coverage":              func(d fstest.MapFS) { delete(d, pathCoverage) },
		"no coverage page":         func(d fstest.MapFS) { delete(d, pathCoverageHTML) },
		"no report":                func(d fstest.MapFS) { delete(d, pathReport) },
		"no readme":                func(d fstest.MapFS) { delete(d, pathReadme) },
		"no signer":                func(d fstest.MapFS) { delete(d, pathSigner) },
		"another signer":           add(pathSigner, envelope.PublicLine(make([]byte, 32))),
		"surplus tag file":         add("notes.txt", "x"),
		"surplus payload":          add("data/notes.txt", "x"),
		"folder below items":       add("data/items/a/b", "x"),
		"proof without .json":      add("data/proofs/x", "x"),
		"false proof":              add("data/proofs/x.json", "{}"),
		"no trust of proofs":       func(d fstest.MapFS) { delete(d, pathProofTrust) },
		"no proofs":                func(d fstest.MapFS) { delete(d, "data/proofs/exhibit-A.json") },
		"trust with white space":   replace(pathProofTrust, ":", ": "),
		"trust of another log":     replace(pathProofTrust, "tutela/01", "tutela/02"),
		"coverage of other format": replace(pathCoverage, "v1", "v2"),
		"coverage with white":      replace(pathCoverage, ",", ", "),
		"coverage with more":       replace(pathCoverage, `{"format"`, `{"extra":1,"format"`),
		"coverage twice":           replace(pathCoverage, `{"format"`, `{"format":"x","format"`),
		"coverage null":            replace(pathCoverage, `["messages of others"]`, `null`),
		"coverage no exhibit":      replace(pathCoverage, `[{"label":"exhibit-A","read":1,"unread":0,"failed":0,"excluded":0,"note":""}]`, `[]`),
		"coverage below zero":      replace(pathCoverage, `"read":1`, `"read":-1`),
		"coverage two values":      replace(pathCoverage, "}\n", "}\n{}\n"),
		"country":                  replace(bagit.BagInfo, ": IT", ": it"),
		"time":                     replace(bagit.BagInfo, "T08:00:00Z", "T08:00:01Z"),
		"date":                     replace(bagit.BagInfo, "Bagging-Date: 2026-11-23", "Bagging-Date: 2026-11-22"),
		"oxum":                     replace(bagit.BagInfo, "Payload-Oxum: ", "Payload-Oxum: 1.1\nX: "),
		"format":                   replace(bagit.BagInfo, "referral/1", "referral/2"),
		"handling":                 replace(bagit.BagInfo, "TLP:AMBER", "TLP:PINK"),
	} {
		d := unpack(t, pack(t, full()))
		change(d)
		r := VerifyTar(bytes.NewReader(resign(t, d)), format.Limits{}, trusted())
		if r.Answer != Altered {
			t.Errorf("%s: %v", name, r.Answer)
		}
	}
	d := unpack(t, pack(t, full()))
	if r := VerifyTar(bytes.NewReader(resign(t, d)), format.Limits{}, trusted()); r.Answer != IntactKnown {
		t.Errorf("nothing changed, signed again: %v %q", r.Answer, r.Problems)
	}
	noChecker := trusted()
	noChecker.Proof = nil
	if r := VerifyTar(bytes.NewReader(pack(t, full())), format.Limits{}, noChecker); r.Answer != Altered {
		t.Errorf("proofs passed without a checker: %v", r.Answer)
	}
}

// TestFileAnswers wants the reason at the file that was changed, and no doubt
// about the others.
func TestFileAnswers(t *testing.T) {
	d := unpack(t, pack(t, full()))
	d["data/items/item-7f3a.jpg"].Data[3]++
	r := VerifyDir(d, format.Limits{}, trusted())
	for _, f := range r.Files {
		if f.OK != (f.Name != "data/items/item-7f3a.jpg") {
			t.Errorf("%+v", f)
		}
	}
	d["tagmanifest-sha512.txt.sig"].Data[90] ^= 1
	r = VerifyDir(d, format.Limits{}, trusted())
	for _, f := range r.Files {
		if f.OK {
			t.Errorf("%s is believed without a signature", f.Name)
		}
	}
	if r.Answer.ExitCode() != 10 || r.Signer != nil {
		t.Errorf("%v %v", r.Answer, r.Signer)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*Package){
		"id":              func(p *Package) { p.ID = "1" },
		"country":         func(p *Package) { p.Country = "ITA" },
		"TLP":             func(p *Package) { p.TLP = "AMBER" },
		"sender":          func(p *Package) { p.From.Name = "a\nb" },
		"request":         func(p *Package) { p.Request = "" },
		"purpose":         func(p *Package) { p.Purpose = "" },
		"no coverage":     func(p *Package) { p.Coverage = Coverage{} },
		"item name":       func(p *Package) { p.Items[0].Name = "../x" },
		"item twice":      func(p *Package) { p.Items[1].Name = p.Items[0].Name },
		"item changed":    func(p *Package) { p.Items[0].Delivered.Digests.SHA256 = sum("other") },
		"item size":       func(p *Package) { p.Items[0].Delivered.Size++ },
		"item is missing": func(p *Package) { p.Items[1].Included = true },
		"proof name":      func(p *Package) { p.Proofs[0].Name = "trust" },
		"proof trust":     func(p *Package) { p.ProofTrust.LogKey = nil },
		"author":          func(p *Package) { p.Messages[0].Author = "i9" },
		"no author":       func(p *Package) { p.Messages[0].Author = "" },
		"group":           func(p *Package) { p.Messages[0].Group = "g9" },
		"person":          func(p *Package) { p.Identifiers[0].Person = "p9" },
		"sender of item":  func(p *Package) { p.Items[0].Sender = "i9" },
		"attachment":      func(p *Package) { p.Messages[0].Items = []string{"x9"} },
		"hash":            func(p *Package) { p.Items[0].Original.MD5 = "xyz" },
		"not UTF-8":       func(p *Package) { p.Coverage.Excluded = []string{"\xff"} },
	} {
		p := full()
		change(&p)
		if err := Write(io.Discard, p, moment(), siteKey(), labels(t, "en"), opener); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if err := Write(io.Discard, least(), moment(), siteKey(), Labels{}, opener); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without sentences: %v", err)
	}
}

func TestReportIsSafe(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		for _, page := range []string{"report.html", "coverage.html"} {
			b, err := full().page(page, moment(), labels(t, lang))
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"<script", "<b>you", "onclick", "<img", "src=", "href=", "url(", "Polizia <Postale>", "ZgotmplZ"} {
				if bytes.Contains(b, []byte(bad)) {
					t.Errorf("%s %s has %q", lang, page, bad)
				}
			}
			if !bytes.Contains(b, []byte(`<html lang="`+lang+`">`)) || !bytes.Contains(b, []byte("default-src 'none'")) {
				t.Errorf("%s %s lacks language or policy", lang, page)
			}
		}
	}
	b, _ := full().page("report.html", moment(), labels(t, "en"))
	for _, want := range []string{"numbering plan &#43;39, author", "chat.txt › line 12", "time zone unknown", "A CHILD MAY BE AT RISK NOW",
		"data/proofs/exhibit-A.json", "item-7f3a.jpg", "distance: 6", "P-Wren"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("report lacks %q", want)
		}
	}
}

// TestHeadOfEachSheet reads the first words of each page: a child at risk, then
// the handling code, in the part that a print repeats on each sheet.
func TestHeadOfEachSheet(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, page := range []string{"report.html", "coverage.html"} {
		for _, risk := range []bool{true, false} {
			p := full()
			p.ChildAtRisk = risk
			b, err := p.page(page, moment(), labels(t, "en"))
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(string(b), "<body>")
			head, rest, ok := strings.Cut(body, "</thead>")
			_, sheet, of := strings.Cut(head, `<table class="sheet"><thead>`)
			want := []string{"TLP:AMBER"}
			if risk {
				want = []string{"A CHILD MAY BE AT RISK NOW", "TLP:AMBER"}
			}
			if got := strings.FieldsFunc(tags.ReplaceAllString(sheet, ""), func(r rune) bool { return r == '\n' }); !ok || !of || !slices.Equal(got, want) {
				t.Errorf("%s begins %q, want %q", page, got, want)
			}
			if strings.Contains(rest, "AT RISK") || strings.Count(rest, "<table") != strings.Count(rest, "</table>")-1 {
				t.Errorf("%s: the sheet does not hold the whole page", page)
			}
		}
	}
}

func TestSummaryIsOnePage(t *testing.T) {
	p := full()
	p.Request = "first\r\nTLP:CLEAR\u2028second"
	b, err := p.Summary(moment(), labels(t, "es"))
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	if !strings.HasPrefix(s, "*** UN NIÑO PUEDE ESTAR EN PELIGRO AHORA ***\nTLP:AMBER\n") || strings.Contains(s, "\nTLP:CLEAR") || strings.Contains(s, "\r") {
		t.Errorf("a value forged a line:\n%s", s)
	}
	if !strings.Contains(s, "UN NIÑO PUEDE ESTAR EN PELIGRO AHORA") || strings.Count(s, "\n") > 60 {
		t.Errorf("%s", s)
	}
}

func TestTableIsHarmless(t *testing.T) {
	b, err := full().table()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, c := range row {
			if c != "" && strings.ContainsAny(c[:1], "=+-@\t\r") {
				t.Errorf("cell %q could be a formula", c)
			}
		}
	}
	if rows[1][2] != "'+390612345678" {
		t.Errorf("phone is %q", rows[1][2])
	}
}

func TestEveryLabelIsUsedAndThere(t *testing.T) {
	used := regexp.MustCompile(`L "([a-z_]+)"`)
	keys := Keys()
	for _, page := range []string{"report.html", "coverage.html", "parts.html"} {
		b, err := pages.ReadFile("pages/" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllSubmatch(b, -1) {
			if !slices.Contains(keys, "referral."+string(m[1])) {
				t.Errorf("%s uses %s, which Keys does not name", page, m[1])
			}
		}
	}
	for _, lang := range []string{"en", "es"} {
		l := labels(t, lang)
		for _, k := range keys {
			if l[k] == "" {
				t.Errorf("%s lacks %s", lang, k)
			}
		}
	}
}

func TestSealedFile(t *testing.T) {
	file := []byte("sealed bytes")
	sig, err := envelope.SignSSH(bytes.NewReader(file), siteKey())
	if err != nil {
		t.Fatal(err)
	}
	if r := VerifySealed("x.age", bytes.NewReader(file), sig, trusted()); r.Answer != IntactKnown || !r.Files[0].OK {
		t.Errorf("%+v", r)
	}
	if r := VerifySealed("x.age", bytes.NewReader(file), sig, Trust{}); r.Answer != IntactUnknown {
		t.Errorf("%+v", r)
	}
	if r := VerifySealed("x.age", bytes.NewReader(file[1:]), sig, trusted()); r.Answer != Altered || r.Files[0].OK {
		t.Errorf("%+v", r)
	}
	if !Sealed("a.tar.gpg") || !Sealed("a.age") || Sealed("a.tar") {
		t.Error("names of sealed files")
	}
}

// TestStockTools checks a package with tar, sha512sum and ssh-keygen, by the
// commands of its README.
func TestStockTools(t *testing.T) {
	for _, tool := range []string{"tar", "sha512sum", "ssh-keygen", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	dir, p := t.TempDir(), full()
	trust := "SENDER " + envelope.PublicLine(pub(siteKey()))
	if os.WriteFile(filepath.Join(dir, p.ID+".tar"), pack(t, p), 0o600) != nil || os.WriteFile(filepath.Join(dir, "TRUST"), []byte(trust), 0o600) != nil {
		t.Fatal("cannot write")
	}
	readme := string(unpack(t, pack(t, p))[pathReadme].Data)
	script := "set -e\n"
	for line := range strings.Lines(readme) {
		if cmd, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(cmd, "gpg") && !strings.HasPrefix(cmd, "age") &&
			!strings.HasPrefix(cmd, "tutela") && !strings.Contains(cmd, ".tar.age") {
			script += cmd
		}
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), ": OK") != 14 || !strings.Contains(string(out), "Good \"tutela-referral\" signature") {
		t.Errorf("%v\n%s\n%s", err, script, out)
	}
}

// TestGraphs writes graphs for the SHACL run into $TUTELA_GRAPHS.
func TestGraphs(t *testing.T) {
	for name, p := range map[string]Package{"least": least(), "full": full()} {
		b, err := p.Graph(moment())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("2025-03-12T10:11:")) {
			t.Errorf("%s: a time zone or second was invented", name)
		}
		if dir := os.Getenv("TUTELA_GRAPHS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "referral-"+name+".jsonld"), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func FuzzVerifyTar(f *testing.F) {
	f.Add(pack(f, least()))
	f.Add(pack(f, full()))
	good := [][]byte{pack(f, least()), pack(f, full())}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := VerifyTar(bytes.NewReader(b), format.Limits{Bytes: 1 << 22, Items: 100}, trusted())
		if r.Answer == IntactKnown && !bytes.Equal(b, good[0]) && !bytes.Equal(b, good[1]) {
			t.Error("another package passes as signed")
		}
	})
}
