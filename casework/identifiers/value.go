package identifiers

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"tutela/fault"
)

// Value is something written, and its normal form.
type Value struct {
	Kind  Kind
	Norm  string // what is compared and looked up
	Raw   string // as written
	Valid bool   // see Identifier.Valid
}

// ParsePhone reads an international telephone number: "+…", or "00…" which is
// read as "+". Marks of direction, spaces of any width and the usual
// punctuation may stand inside; digits of any script are read. It returns an
// Invalid error for a number without country code, because no region is ever
// assumed.
func ParsePhone(raw string) (Value, error) {
	s := strings.TrimSpace(bare(raw))
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	if !strings.HasPrefix(s, "+") {
		return Value{}, fault.New(fault.Invalid, "identifiers: number without country code")
	}
	for _, r := range s[1:] {
		if !(r >= '0' && r <= '9') && !strings.ContainsRune(" -.()/", r) {
			return Value{}, fault.New(fault.Invalid, "identifiers: not a telephone number")
		}
	}
	if m := mexican.FindStringSubmatch("+" + onlyDigits(s)); m != nil {
		s = "+52" + m[1]
	}
	// Parsing takes a trunk prefix off; of a number with several the second
	// parse takes off another, so the normal form is what stays.
	for range 4 {
		n, err := phonenumbers.Parse(s, "")
		if err != nil {
			return Value{}, fault.New(fault.Invalid, "identifiers: not a telephone number")
		}
		if !phonenumbers.IsPossibleNumber(n) {
			return Value{}, fault.New(fault.Invalid, "identifiers: no telephone number has that length")
		}
		e164 := phonenumbers.Format(n, phonenumbers.E164)
		if e164 == s {
			return Value{Kind: Phone, Norm: e164, Raw: raw, Valid: phonenumbers.IsValidNumber(n)}, nil
		}
		s = e164
	}
	return Value{}, fault.New(fault.Invalid, "identifiers: not a telephone number")
}

// mexican mobiles had a 1 behind the country code until 2019 (plan of the IFT);
// WhatsApp writes it still.
var mexican = regexp.MustCompile(`^\+521(\d{10})$`)

// ParseEmail reads an address "local@domain". The domain is lower-cased and
// brought to its ASCII form; the local part stays as written, because only its
// host knows whether case matters.
func ParseEmail(raw string) (Value, error) {
	s := strings.TrimSpace(bare(raw))
	if u, ok := cutScheme(s, "mailto:"); ok {
		s, _, _ = strings.Cut(u, "?")
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at > 64 || strings.ContainsAny(s[:at], " \t\r\n<>()[],;:\\\"") {
		return Value{}, fault.New(fault.Invalid, "identifiers: not a mail address")
	}
	host, ok := domain(s[at+1:])
	if !ok {
		return Value{}, fault.New(fault.Invalid, "identifiers: mail address without a domain")
	}
	return Value{Kind: Email, Norm: s[:at] + "@" + host, Raw: raw, Valid: true}, nil
}

// ParseURL reads an http or https link, with or without scheme ("www.…",
// "chat.whatsapp.com/…"). An invite link of a WhatsApp group gets the kind
// Invite and its code as value, in whatever form it was written.
func ParseURL(raw string) (Value, error) {
	s := strings.TrimSpace(bare(raw))
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return Value{}, fault.New(fault.Invalid, "identifiers: not a link")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" {
		return Value{}, fault.New(fault.Invalid, "identifiers: a link of another scheme")
	}
	host, ok := domain(u.Hostname())
	if !ok {
		addr, err := netip.ParseAddr(u.Hostname())
		if err != nil {
			return Value{}, fault.New(fault.Invalid, "identifiers: link without a host")
		}
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
	}
	if code, ok := inviteCode(host, u); ok {
		return Value{Kind: Invite, Norm: "chat.whatsapp.com/" + code, Raw: raw, Valid: true}, nil
	}
	if p := u.Port(); p != "" && !(u.Scheme == "https" && p == "443") && !(u.Scheme == "http" && p == "80") {
		host += ":" + p
	}
	u.Host, u.Fragment, u.RawFragment, u.User = host, "", "", nil
	if u.Path == "" {
		u.Path = "/"
	}
	return Value{Kind: URL, Norm: u.String(), Raw: raw, Valid: true}, nil
}

// inviteCode returns the code of a WhatsApp group invite; codes are 20 to 24
// letters and digits and their case matters.
func inviteCode(host string, u *url.URL) (string, bool) {
	if host != "chat.whatsapp.com" && host != "www.chat.whatsapp.com" {
		return "", false
	}
	code := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(u.Path, "/"), "invite/"), "/")
	if len(code) < 20 || len(code) > 24 {
		return "", false
	}
	for _, r := range code {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return "", false
		}
	}
	return code, true
}

// ParseLabel reads what a chat shows for a person: a number gives Phone, and
// anything else WAName, a name of an address book or a push name. The tilde of
// a push name is not part of the name.
func ParseLabel(raw string) (Value, error) {
	if v, err := ParsePhone(raw); err == nil {
		return v, nil
	}
	s := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(bare(raw)), "~"))
	s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	if s == "" {
		return Value{}, fault.New(fault.Invalid, "identifiers: empty name")
	}
	return Value{Kind: WAName, Norm: s, Raw: raw, Valid: true}, nil
}

// ParseHandle reads "@name" on a service; the value is "service:name" in lower
// case.
func ParseHandle(service, raw string) (Value, error) {
	s := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(bare(raw)), "@"))
	if s == "" || strings.ContainsFunc(s, unicode.IsSpace) || service == "" {
		return Value{}, fault.New(fault.Invalid, "identifiers: not a handle")
	}
	return Value{Kind: Handle, Norm: strings.ToLower(service) + ":" + s, Raw: raw, Valid: true}, nil
}

// bare removes what is not seen: marks of direction (U+200E, U+200F, U+202A to
// U+202E, U+2066 to U+2069), zero-width characters and U+FEFF. It turns every
// space and dash into the ASCII one and every decimal digit into 0 to 9.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x80:
			return r
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Pd, r):
			return '-'
		case r == '＋':
			return '+'
		case unicode.Is(unicode.Nd, r):
			return '0' + rune(digit(r))
		}
		return r
	}, s)
}

// digit returns the value of a decimal digit of any script: Unicode encodes
// each set of ten contiguously from its zero, and every range of Nd is a
// multiple of ten long.
func digit(r rune) int {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	return 0
}

// domain brings a host name to lower-case ASCII; false when it is none with at
// least two labels.
func domain(s string) (string, bool) {
	s = strings.TrimSuffix(strings.ToLower(s), ".")
	a, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", false
	}
	last := a[strings.LastIndexByte(a, '.')+1:]
	if !strings.Contains(a, ".") || len(last) < 2 || strings.ContainsAny(last, "0123456789") && !strings.HasPrefix(last, "xn--") {
		return "", false
	}
	return a, true
}

func cutScheme(s, scheme string) (string, bool) {
	if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
		return s[len(scheme):], true
	}
	return s, false
}

// nationals returns the digits of an E.164 number after its country code, and
// the forms that they have among people of a country where mobiles have a sign
// within their number: Argentina's 9 11 … is 11 … or 11 15 … there. It returns
// nothing for what is no number.
func nationals(e164 string) []string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return nil
	}
	all := phonenumbers.GetNationalSignificantNumber(n)
	sign := phonenumbers.GetCountryMobileToken(int(n.GetCountryCode()))
	rest, ok := strings.CutPrefix(all, sign)
	if sign == "" || !ok {
		return []string{all}
	}
	forms := []string{all, rest}
	// "+54 9 11 2345-6789": country, sign, area, subscriber
	if parts := strings.Fields(phonenumbers.Format(n, phonenumbers.INTERNATIONAL)); len(parts) > 3 && parts[1] == sign {
		forms = append(forms, parts[2]+signAtHome+onlyDigits(strings.Join(parts[3:], "")))
	}
	return forms
}

// signAtHome stands between area and subscriber of Argentina's mobiles, the only
// ones of which the numbering data know a sign (ITU-T E.164, +54).
const signAtHome = "15"
