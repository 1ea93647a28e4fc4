package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"tutela/demo"
	"tutela/format/envelope"
	"tutela/format/referral"
)

// TestDemo runs the demo and opens every package as the agency that it is for.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	var out, told bytes.Buffer
	if code := run(context.Background(), []string{"demo", "--data", dir, "--no-serve", "--json", "--lang", "en"}, nil, &out, &told); code != 0 {
		t.Fatalf("exit status %d\n%s", code, told.String())
	}
	var answer struct {
		Dir      string
		Packages int
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	plan, err := demo.Generate(filepath.Join(t.TempDir(), "same"), demo.Scales()["small"], demoSeed)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Packages != len(plan.Countries)-1 { // all but the own
		t.Errorf("%d packages for %v", answer.Packages, plan.Countries)
	}
	for _, country := range plan.Countries {
		if country == "ES" {
			continue
		}
		t.Run(country, func(t *testing.T) { checkPackage(t, dir, country, plan) })
	}
}

// checkPackage looks for what must and must not be in the package of a country.
func checkPackage(t *testing.T, dir, country string, plan demo.Plan) {
	pack := opened(t, dir, country)
	told := string(pack)
	for _, must := range []string{"data/report.html", "data/case.jsonld", "data/coverage.json", "Tutela-Recipient-Country: " + country} {
		if !strings.Contains(told, must) {
			t.Errorf("%q is not in the package", must)
		}
	}
	for _, p := range []demo.Member{plan.Bystander, plan.Witness, plan.Minor} {
		secret := []string{p.Name, p.Phone, p.E164, strings.TrimPrefix(p.E164, "+")}
		if p == plan.Minor && p.Country == country {
			secret = secret[:1] // her number is what the country can act on
		}
		for _, s := range secret {
			if s != "" && strings.Contains(told, s) {
				t.Errorf("%q is in the package", s)
			}
		}
	}
	if !strings.Contains(told, prefixOf(country)) {
		t.Errorf("no number of %s is in its package", country)
	}
	files := unpacked(t, pack)
	checkSummary(t, files["data/summary.txt"], country, plan)
	checkSheet(t, files["data/report.html"], country == plan.Minor.Country)
	checkSheet(t, files["data/coverage.html"], country == plan.Minor.Country)
	checkDamage(t, files)
	for _, other := range plan.Countries {
		if other != country && strings.Contains(told, prefixOf(other)) {
			t.Errorf("a number of %s is in the package", other)
		}
	}
	if pseudonym := strings.Contains(told, `"possible"`) || strings.Contains(told, "pseudonym"); !pseudonym {
		t.Error("the report does not say how it names possible minors")
	}
}

// checkSummary wants the child at risk first where it concerns the country, what
// is known of her, and where to answer.
func checkSummary(t *testing.T, text, country string, plan demo.Plan) {
	t.Helper()
	first, rest, _ := strings.Cut(text, "\n")
	concerns := country == plan.Minor.Country
	if concerns != strings.Contains(first, "A CHILD MAY BE AT RISK NOW") || !concerns && first != "TLP:AMBER" || concerns && !strings.HasPrefix(rest, "TLP:AMBER\n") {
		t.Errorf("the summary begins %q", text[:min(len(text), 120)])
	}
	if concerns && !strings.Contains(text, plan.Minor.E164) {
		t.Error("the summary lacks the number to act on")
	}
	if !strings.Contains(text, "unidad@example.org") {
		t.Error("the summary does not say where to answer")
	}
}

// checkSheet wants what a print repeats on each sheet.
func checkSheet(t *testing.T, page string, risk bool) {
	t.Helper()
	head, _, ok := strings.Cut(page, "</thead>")
	if !ok || !strings.Contains(head, ">TLP:AMBER<") || strings.Contains(head, "A CHILD MAY BE AT RISK NOW") != risk {
		t.Error("the head of a sheet lacks the handling code, or tells the risk wrongly")
	}
}

// checkDamage wants every item that could not be read whole in the coverage.
func checkDamage(t *testing.T, files map[string]string) {
	t.Helper()
	var c referral.Coverage
	if err := json.Unmarshal([]byte(files["data/coverage.json"]), &c); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Exhibits {
		if (e.Failed > 0) != strings.Contains(e.Note, "item-") {
			t.Errorf("%d items of %s failed, noted is %q", e.Failed, e.Label, e.Note)
		}
	}
}

// unpacked returns the files of a tar.
func unpacked(t *testing.T, pack []byte) map[string]string {
	t.Helper()
	files := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(pack)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(b)
	}
}

// prefixOf is how every number of a country begins that the demo makes.
func prefixOf(country string) string {
	return map[string]string{"AR": "+54911500", "AU": "+614915", "DE": "+4915200", "ES": "+346000", "FR": "+336399", "GB": "+447700900",
		"IT": "+39320000", "MX": "+52555", "PT": "+351910", "SE": "+46701740", "US": "+120255501"}[country]
}

// opened decrypts the sealed package of a country.
func opened(t *testing.T, dir, country string) []byte {
	secret, err := os.ReadFile(filepath.Join(dir, "partners", country+".secret"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "referrals", country)
	var tar bytes.Buffer
	if sealed, _ := filepath.Glob(filepath.Join(folder, "*.tar.age")); len(sealed) == 1 {
		id, err := age.ParseX25519Identity(strings.TrimSpace(string(secret)))
		if err != nil {
			t.Fatal(err)
		}
		if err := envelope.OpenAge(&tar, bytes.NewReader(content(t, sealed[0])), id); err != nil {
			t.Fatal(err)
		}
		return tar.Bytes()
	}
	sealed, _ := filepath.Glob(filepath.Join(folder, "*.tar.gpg"))
	if len(sealed) != 1 {
		t.Fatalf("%d sealed packages in %s", len(sealed), folder)
	}
	key, err := envelope.ReadKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := envelope.ReadKey(content(t, filepath.Join(folder, "sender.asc")))
	if err != nil {
		t.Fatal(err)
	}
	if err := envelope.OpenOpenPGP(&tar, bytes.NewReader(content(t, sealed[0])), key, sender, time.Now()); err != nil {
		t.Fatal(err)
	}
	return tar.Bytes()
}

func content(t *testing.T, file string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPartnerKeys makes both kinds of key and seals to them.
func TestPartnerKeys(t *testing.T) {
	dir := t.TempDir()
	for _, withAge := range []bool{true, false} {
		file, err := partner(dir, "FR", withAge)
		if err != nil {
			t.Fatal(err)
		}
		var sealed bytes.Buffer
		if withAge {
			to, err := envelope.AgeRecipient(strings.TrimSpace(string(content(t, file))))
			if err != nil {
				t.Fatal(err)
			}
			err = envelope.SealAge(&sealed, strings.NewReader("x"), to)
			if err != nil {
				t.Error(err)
			}
			continue
		}
		to, err := envelope.ReadKey(content(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if to.Secret() {
			t.Error("the public half holds the secret one")
		}
		from, err := envelope.GenerateKey("Site", "site@example.org", time.Now().Add(-time.Hour), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := envelope.SealOpenPGP(&sealed, strings.NewReader("x"), []*envelope.Key{to}, from, time.Now(), rand.Reader); err != nil {
			t.Error(err)
		}
	}
}

func TestShellWords(t *testing.T) {
	for in, want := range map[string]string{"plain-1.zip": "plain-1.zip", "two words": "'two words'", "it's": `'it'\''s'`, "": "''", "a$b": "'a$b'"} {
		if got := shellWord(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
}
