package referrals_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// kinds of canary.
const (
	aWord   = iota // one word, found in any case, with and without accents
	aNumber        // E.164, found in any spelling
	aToken         // found as it is, in any case
)

// canary is a value that occurs at one place of one case.
type canary struct {
	value string
	kind  int
	where string // what it was planted as
	world int
	tell  tell
}

// standing says whether a country must, may or must not be told a value.
type standing int

const (
	never standing = iota
	may
	always
)

// hit is a canary that was found.
type hit struct {
	*canary
	file, how string
	around    string // what stands around it
}

func (h hit) String() string {
	return fmt.Sprintf("%s %q in %s, %s: …%q…", h.where, h.value, h.file, h.how, h.around)
}

// canaryScan looks for many canaries at once, in all their forms.
type canaryScan struct {
	canaries                 []*canary
	encoded, folded, numbers patterns
}

func newCanaryScan(all []*canary) *canaryScan {
	s := &canaryScan{canaries: all}
	for i, c := range all {
		for _, f := range writtenForms(c) {
			s.encoded.addAll(i, f)
		}
		switch c.kind {
		case aWord:
			s.folded.add(i, "text", []byte(folded(c.value)))
		case aToken:
			s.folded.add(i, "text", []byte(strings.ToLower(c.value)))
		case aNumber:
			s.numbers.add(i, "digits", []byte(nationalOf(c.value)))
		}
		for _, g := range guesses(c) {
			s.encoded.addDigests(i, g)
		}
	}
	s.encoded.build()
	s.folded.build()
	s.numbers.build()
	return s
}

// writtenForms are the spellings that are looked for under each encoding.
func writtenForms(c *canary) []string {
	v := c.value
	switch c.kind {
	case aNumber:
		return []string{v[1:], nationalOf(v)}
	case aToken:
		return []string{v}
	}
	return distinct(v, norm.NFD.String(v), strings.ToLower(v), strings.ToUpper(v), capital(v), folded(v))
}

// guesses are the values whose digests somebody could try out.
func guesses(c *canary) []string {
	switch v := c.value; c.kind {
	case aNumber:
		return []string{v, v[1:], "00" + v[1:], nationalOf(v)}
	case aWord:
		return distinct(v, strings.ToLower(v), capital(v))
	}
	return nil
}

func distinct(all ...string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// nationalOf takes the calling code off.
func nationalOf(e164 string) string {
	for _, code := range []string{"+351", "+34", "+44", "+33", "+49", "+61", "+52", "+39", "+1"} {
		if n, ok := strings.CutPrefix(e164, code); ok {
			return n
		}
	}
	return strings.TrimPrefix(e164, "+")
}

// patterns are byte strings that are looked for together: sorted by their
// first bytes, behind a filter.
type patterns struct {
	filter [1 << 16]uint64
	all    []pattern
}

type pattern struct {
	head   uint64
	bytes  []byte
	canary int
	how    string
}

const (
	patternHead = 6 // bytes that every pattern has
	headMask    = 1<<(8*patternHead) - 1
)

func headSlot(v uint64) uint64 { return v * 0x9e3779b97f4a7c15 >> 42 } // 22 bits

func head(b []byte) uint64 {
	var x [8]byte
	copy(x[:], b)
	return binary.LittleEndian.Uint64(x[:]) & headMask
}

func (p *patterns) add(canary int, how string, b []byte) {
	if len(b) < patternHead {
		panic("a canary is too short to be told from chance: " + string(b))
	}
	p.all = append(p.all, pattern{head(b), b, canary, how})
}

// addAll adds a text in the encodings that do not hide it.
func (p *patterns) addAll(canary int, text string) {
	p.add(canary, "plain", []byte(text))
	p.add(canary, "UTF-16LE", utf16Bytes(text, binary.LittleEndian))
	p.add(canary, "UTF-16BE", utf16Bytes(text, binary.BigEndian))
}

// addDigests adds the digests of a value, also cut short.
func (p *patterns) addDigests(canary int, text string) {
	m, s, l := md5.Sum([]byte(text)), sha1.Sum([]byte(text)), sha256.Sum256([]byte(text))
	for name, d := range map[string][]byte{"MD5": m[:], "SHA-1": s[:], "SHA-256": l[:]} {
		p.add(canary, name, d[:8])
		p.add(canary, name, []byte(hex.EncodeToString(d)[:12]))
		p.add(canary, name, []byte(strings.ToUpper(hex.EncodeToString(d)[:12])))
	}
}

func (p *patterns) build() {
	slices.SortFunc(p.all, func(a, b pattern) int { return cmp.Compare(a.head, b.head) })
	for _, x := range p.all {
		slot := headSlot(x.head)
		p.filter[slot>>6] |= 1 << (slot & 63)
	}
}

// find calls fn for every pattern in b, with its place.
func (p *patterns) find(b []byte, fn func(x pattern, at int)) {
	end := len(b)
	b = append(b[:end:end], 0, 0, 0, 0, 0, 0, 0, 0)
	for i := range max(0, end-patternHead+1) {
		h := binary.LittleEndian.Uint64(b[i:]) & headMask
		if slot := headSlot(h); p.filter[slot>>6]&(1<<(slot&63)) == 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(p.all, h, func(x pattern, h uint64) int { return cmp.Compare(x.head, h) })
		for ; at < len(p.all) && p.all[at].head == h; at++ {
			if bytes.HasPrefix(b[i:end], p.all[at].bytes) {
				fn(p.all[at], i)
			}
		}
	}
}

func utf16Bytes(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// tarFiles reads the files of a package.
func tarFiles(pack []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(pack))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

// search looks through a package: the tar as it is, every path, and every file
// in every way of reading it. Each canary is reported once a file and way.
func (s *canaryScan) search(pack []byte) ([]hit, error) {
	files, err := tarFiles(pack)
	if err != nil {
		return nil, err
	}
	var hits []hit
	s.look("the tar", pack, 0, &hits)
	for name, content := range files {
		s.look("the path of "+name, []byte(name), 0, &hits)
		s.look(name, content, 0, &hits)
	}
	return hits, nil
}

// look looks through one piece of content and through what can be made of it.
func (s *canaryScan) look(file string, content []byte, depth int, hits *[]hit) {
	seen := map[string]bool{}
	in := func(p *patterns, way string, b []byte) {
		p.find(b, func(x pattern, at int) {
			h := hit{canary: s.canaries[x.canary], file: file, how: strings.TrimSpace(x.how + " " + way)}
			if key := fmt.Sprint(x.canary, h.how); !seen[key] {
				seen[key] = true
				h.around = string(b[max(0, at-60):min(len(b), at+60)])
				*hits = append(*hits, h)
			}
		})
	}
	in(&s.encoded, "", content)
	if file == "the tar" {
		return
	}
	way := ""
	for _, text := range readings(content) {
		if way != "" {
			in(&s.encoded, way, text)
		}
		f := []byte(folded(string(text)))
		in(&s.folded, way, f)
		in(&s.numbers, way, joinDigits(f))
		way = "unescaped"
	}
	if depth < 3 {
		for _, p := range unpacked(content) {
			s.look(file+" › "+p.how, p.content, depth+1, hits)
		}
	}
}
