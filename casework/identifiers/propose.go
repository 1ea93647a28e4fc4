package identifiers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Nowhere is the code for "no country is known".
const Nowhere = "ZZ"

// planVersion names the numbering data: libphonenumber 9.0.32 as carried by
// nyaruka/phonenumbers v1.8.1 (its package comment), with the rules of this
// file.
const planVersion = "libphonenumber 9.0.32, rules 1"

// tldVersion names the rules for top-level domains.
const tldVersion = "ISO 3166-1 top-level domains, rules 1"

// Proposal is what one rule says of one value: the countries that come into
// question, and why. No countries means that nothing can be said.
type Proposal struct {
	Countries []string // sorted; one of them, the rule cannot tell which
	Rule      string
	Version   string
	Basis     string
}

// Countries proposes countries for a value. A telephone number in an assigned
// range gives the region of the numbering plan; any other number gives every
// region that shares its country code (+1, +7, +44, …), and a number of a
// satellite or other international network gives ZZ. A mail address under a
// country's top-level domain gives that country. Links and names give nothing.
func Countries(v Value) Proposal {
	switch v.Kind {
	case Phone:
		return phoneCountries(v.Norm)
	case Email:
		return mailCountries(v.Norm)
	}
	return Proposal{}
}

func phoneCountries(e164 string) Proposal {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return Proposal{}
	}
	code := int(n.GetCountryCode())
	p := Proposal{Rule: "phone.region", Version: planVersion, Basis: fmt.Sprintf("numbering plan +%d", code)}
	if phonenumbers.GetSupportedGlobalNetworkCallingCodes()[code] {
		p.Rule, p.Countries = "phone.network", []string{Nowhere}
		p.Basis = fmt.Sprintf("+%d is an international network, not a country", code)
		return p
	}
	if region := phonenumbers.GetRegionCodeForNumber(n); region != "" && region != "001" && region != Nowhere {
		p.Countries = []string{iso(region)}
		return p
	}
	for _, r := range phonenumbers.GetRegionCodesForCountryCode(code) {
		p.Countries = append(p.Countries, iso(r))
	}
	slices.Sort(p.Countries)
	p.Countries = slices.Compact(p.Countries)
	if len(p.Countries) > 1 {
		p.Rule = "phone.shared"
		p.Basis = fmt.Sprintf("numbering plan +%d, shared by %d countries; the number is in no assigned range", code, len(p.Countries))
	} else {
		p.Basis += "; the number is in no assigned range"
	}
	return p
}

// iso maps the two regions of the numbering data that are no ISO 3166-1
// countries: Ascension and Tristan da Cunha belong to Saint Helena (SH).
func iso(region string) string {
	if region == "AC" || region == "TA" {
		return "SH"
	}
	return region
}

// openDomains are country domains that are sold without any tie to the country
// and say nothing (list by the registries' own marketing: ai, cc, co, fm, …).
const openDomains = " ac ag ai am at be bz cc ch cd cf cx co de dj eu fm fo ga gg gl gq gs hn im io is la li lc ly me ml mn ms mu nl nu pm pn pw re sc sh so st sx tf tk tl to tv vc vg vu wf ws yt "

// mailCountries reads the top-level domain. Domains of large registries that
// are open to everybody but used by residents above all (at, be, ch, de, nl)
// are still listed as open: a wrong country is worse than none.
func mailCountries(addr string) Proposal {
	tld := strings.ToUpper(addr[strings.LastIndexByte(addr, '.')+1:])
	if tld == "UK" {
		tld = "GB"
	}
	if !IsCountry(tld) || strings.Contains(openDomains, " "+strings.ToLower(tld)+" ") {
		return Proposal{}
	}
	return Proposal{Countries: []string{tld}, Rule: "mail.tld", Version: tldVersion,
		Basis: "top-level domain ." + strings.ToLower(addr[strings.LastIndexByte(addr, '.')+1:]) + " of a mail address"}
}

// isoCodes are the officially assigned codes of ISO 3166-1 alpha-2 (249), and
// XK for Kosovo, which numbering plans and agencies use.
const isoCodes = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
	" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
	" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
	" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT" +
	" MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
	" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ" +
	" UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK "

// IsCountry reports whether code is an officially assigned ISO 3166-1 alpha-2
// code or XK. ZZ is none.
func IsCountry(code string) bool {
	return len(code) == 2 && !strings.Contains(code, " ") && strings.Contains(isoCodes, " "+code+" ")
}
