package identifiers

import (
	"slices"
	"strings"
	"testing"
)

func TestCountriesOfPhones(t *testing.T) {
	for _, c := range []struct {
		number string
		want   string // exact set, or "*" and members that must be in it
		rule   string
		basis  string
	}{
		{"+34612345678", "ES", "phone.region", "numbering plan +34"},
		{"+390612345678", "IT", "phone.region", "numbering plan +39"},
		{"+18765550123", "*JM", "", ""},
		{"+12125552368", "*US", "", ""},
		{"+77012345678", "KZ", "phone.region", "+7"},
		{"+79161234567", "RU", "phone.region", "+7"},
		{"+38344123456", "XK", "phone.region", "+383"},
		{"+447400123456", "GB", "phone.region", "+44"},
		{"+447700900123", "*GB,JE,GG,IM", "phone.shared", "no assigned range"}, // fictional range
		{"+2474123", "SH", "", ""},                                             // Ascension is no ISO country
		{"+881612345678", "ZZ", "phone.network", "not a country"},              // satellite
		{"+870773111632", "ZZ", "phone.network", "not a country"},
	} {
		p := Countries(Value{Kind: Phone, Norm: c.number})
		if !slices.IsSorted(p.Countries) {
			t.Errorf("%s: %v is not sorted", c.number, p.Countries)
		}
		if some, ok := strings.CutPrefix(c.want, "*"); ok {
			for _, want := range strings.Split(some, ",") {
				if !slices.Contains(p.Countries, want) {
					t.Errorf("%s: %v lacks %s", c.number, p.Countries, want)
				}
			}
		} else if strings.Join(p.Countries, ",") != c.want {
			t.Errorf("%s: %v, want %s", c.number, p.Countries, c.want)
		}
		if c.rule != "" && p.Rule != c.rule || !strings.Contains(p.Basis, c.basis) || p.Version == "" {
			t.Errorf("%s: rule %q, basis %q, version %q", c.number, p.Rule, p.Basis, p.Version)
		}
		for _, country := range p.Countries {
			if country != Nowhere && !IsCountry(country) {
				t.Errorf("%s: %q is no ISO country", c.number, country)
			}
		}
	}
}

func TestSharedNumberIsNotGuessed(t *testing.T) {
	p := Countries(Value{Kind: Phone, Norm: "+15555550100"})
	if len(p.Countries) < 20 || p.Rule != "phone.shared" {
		t.Errorf("a number without assigned range got %v by %s", p.Countries, p.Rule)
	}
}

func TestCountriesOfOthers(t *testing.T) {
	for addr, want := range map[string]string{
		"a@example.es": "ES", "a@example.co.uk": "GB", "a@example.com": "", "a@example.io": "", "a@example.tv": "",
		"a@example.eu": "", "a@example.zz": "", "a@xn--mnchen-3ya.example": "",
	} {
		if got := strings.Join(Countries(Value{Kind: Email, Norm: addr}).Countries, ","); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	for _, k := range []Kind{URL, Invite, Handle, WAName} {
		if p := Countries(Value{Kind: k, Norm: "https://example.es/"}); len(p.Countries) != 0 {
			t.Errorf("%s gave %v", k, p.Countries)
		}
	}
	if p := Countries(Value{Kind: Phone, Norm: "nonsense"}); len(p.Countries) != 0 {
		t.Errorf("nonsense gave %v", p.Countries)
	}
}

func TestIsCountry(t *testing.T) {
	if n := len(strings.Fields(isoCodes)); n != 250 {
		t.Errorf("%d codes, want 249 and XK", n)
	}
	seen := map[string]bool{}
	for _, c := range strings.Fields(isoCodes) {
		if seen[c] || !IsCountry(c) {
			t.Errorf("%s is double or unknown", c)
		}
		seen[c] = true
	}
	for _, c := range []string{"ZZ", "UK", "EU", "", "E", "ES ", " E", "ESP", "es"} {
		if IsCountry(c) {
			t.Errorf("%q is taken for a country", c)
		}
	}
}
