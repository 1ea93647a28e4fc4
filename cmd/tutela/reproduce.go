package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/hash/pdq"
)

// step is one step by which anybody comes to a match again.
type step struct {
	What    string `json:"what"`
	Command string `json:"command,omitempty"` // of the shell
	Expect  string `json:"expect,omitempty"`  // what it prints
}

// reproduction is what the steps of a match are made of.
type reproduction struct {
	file    string // how the commands call it
	fetch   string // command that brings the bytes; "" where they are at hand
	size    int64
	subject matching.Subject
	match   matching.Match
	list    hashlists.List
	ground  matching.Ground
	decoder string
	pixels  string // SHA-256
	print   matching.Print
}

// steps say how to come to the match again from the original bytes, with tools
// that every system has as far as there are any.
func (p reproduction) steps(a *app) (out []step) {
	add := func(what, command, expect string) { out = append(out, step{what, command, expect}) }
	t, file := a.text, shellWord(p.file)
	if p.fetch != "" {
		add(t.Text("why.fetch"), p.fetch, "")
	}
	sha := hex.EncodeToString(p.subject.SHA256[:])
	add(t.Text("why.bytes", p.size), "sha256sum < "+file, sha)
	if p.match.Algorithm == "pdq" {
		out = append(out, p.picture(a, file)...)
	} else {
		if p.match.Algorithm != "sha256" {
			add(t.Text("why.digest", strings.ToUpper(p.match.Algorithm)), p.match.Algorithm+"sum < "+file, hex.EncodeToString(p.ground.Own))
		}
		add(t.Text("why.size"), "wc -c < "+file, fmt.Sprint(p.size))
	}
	listed := hex.EncodeToString(p.ground.Listed)
	add(t.Text("why.entry", p.match.Number, p.match.SourceID, p.list.Source, p.list.Version, p.category(), listed), "", "")
	add(t.Text("why.document"), "sha256sum LIST && grep -ic "+listed+" LIST", hex.EncodeToString(p.list.Document[:]))
	if p.match.Algorithm == "pdq" {
		add(t.Text("why.distance"), fmt.Sprintf(`python3 -c 'print(bin(0x%x ^ 0x%s).count("1"))'`, p.ground.Own, listed), fmt.Sprint(p.ground.Distance))
	}
	add(p.rule(a), "", "")
	if p.ground.Distance != p.match.Distance {
		add(t.Text("why.changed", p.match.Distance, p.ground.Distance), "", "")
	}
	return out
}

// category is the code of the entry with whose numbering it follows.
func (p reproduction) category() string {
	return strings.Join(strings.Fields(strings.Join([]string{p.list.Scheme, p.list.Model, p.list.Region, p.match.Category}, " ")), " ")
}

// picture says how the hash was made.
func (p reproduction) picture(a *app, file string) (out []step) {
	t := a.text
	out = append(out, step{What: t.Text("why.decoder", p.decoder)})
	pixels, exact := p.decode(file)
	sum := step{What: t.Text("why.pixels", p.print.Width, p.print.Height, p.pixels)}
	if exact && p.pixels != "" {
		sum.What += " " + t.Text("why.pixels.tool")
		sum.Command, sum.Expect = fmt.Sprintf("%s | tail -c %d | sha256sum", pixels, 3*p.print.Width*p.print.Height), p.pixels
	}
	own := hex.EncodeToString(p.ground.Own)
	hash := step{What: t.Text("why.hash", p.match.Variant, variantMeaning(a, p.match.Variant), own, p.match.Quality)}
	if exact && p.match.Variant == string(pdq.Ref512) {
		hash.Command, hash.Expect = pixels+" > pixels.ppm && pdq-photo-hasher pixels.ppm", fmt.Sprintf("%s,%d,pixels.ppm", own, p.match.Quality)
		hash.What += " " + t.Text("why.reference")
	}
	return append(out, sum, hash)
}

// decode returns a command that writes the pixels of a picture as PPM, and whether
// they are those that were hashed: known for JPEG, and for formats without loss
// as long as nothing is transparent, turned or moving.
func (p reproduction) decode(file string) (command string, exact bool) {
	for _, part := range matching.Parts(p.match.Variant) {
		if strings.HasPrefix(part, "white") || strings.HasPrefix(part, "frame") {
			return "", false
		}
	}
	switch name, _, _ := strings.Cut(p.decoder, " "); {
	case strings.HasPrefix(p.decoder, "tutela jpeg"):
		return "djpeg -rgb < " + file, true
	case name == "image/png" || name == "bmp":
		return "ffmpeg -v error -noautorotate -i pipe:0 -f image2pipe -frames:v 1 -pix_fmt rgb24 -c:v ppm - < " + file, true
	}
	return "", false
}

// variantMeaning tells the label of a variant in words.
func variantMeaning(a *app, label string) string {
	var words []string
	for _, part := range matching.Parts(label) {
		if n, ok := strings.CutPrefix(part, "frame"); ok {
			words = append(words, a.text.Text("variant.frame", n))
			continue
		}
		words = append(words, a.text.Text("variant."+part))
	}
	return strings.Join(words, "; ")
}

// rule tells the rule of the tier, with its bounds.
func (p reproduction) rule(a *app) string {
	t, m := a.text, p.match
	if m.Tier == matching.Exact {
		key := "why.rule.exact"
		if m.Algorithm == "md5" {
			key = "why.rule.md5"
		}
		return t.Text(key, m.Matcher)
	}
	small := min(p.print.Width, p.print.Height)
	bounds := t.Text("why.rule.floors", m.Quality, matching.MinQuality, small, matching.MinSide, m.Matcher)
	switch r := matching.RuleOf(p.print, m.Distance); r {
	case matching.SmallPicture:
		return t.Text("why.rule.small", m.Distance, matching.Radius, small, matching.WeakSide) + " " + bounds
	case matching.Far:
		return t.Text("why.rule.far", m.Distance, matching.Confident, matching.Radius) + " " + bounds
	case matching.CarefulVariant:
		return t.Text("why.rule.careful", m.Distance, matching.Reencoded) + " " + bounds
	case matching.Near:
		return t.Text("why.rule.confident", m.Distance, matching.Confident) + " " + bounds
	default:
		return t.Text("why.rule.reencoded", m.Distance, matching.Reencoded) + " " + bounds
	}
}

// stepsText writes steps for people, numbered.
func stepsText(a *app, steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s.What)
		if s.Command != "" {
			fmt.Fprintf(&b, "     $ %s\n", s.Command)
		}
		if s.Expect != "" {
			fmt.Fprintf(&b, "     %s\n", a.text.Text("why.expect", s.Expect))
		}
	}
	return printableLines(strings.TrimRight(b.String(), "\n"))
}
