package referrals_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"html"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded brings text to lower case, without accents and unseen characters,
// with ASCII digits.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x80:
			return unicode.ToLower(r)
		case unicode.IsMark(r), unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Nd, r):
			return asciiDigit(r)
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// asciiDigit: every set of ten digits is contiguous, and begins where there is
// no digit before, or ten, twenty … before.
func asciiDigit(r rune) rune {
	n := rune(0)
	for unicode.Is(unicode.Nd, r-1-n) {
		n++
	}
	return '0' + n%10
}

// signs is a set of bytes.
type signs [256]bool

func signsOf(s string) *signs {
	var t signs
	for i := range len(s) {
		t[s[i]] = true
	}
	return &t
}

const (
	hexSigns    = "0123456789abcdefABCDEF"
	base64Signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
)

// runs yields the places where n signs or more stand together; a line that is
// full goes on in the next one.
func runs(b []byte, of *signs, n int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		from, line := 0, 0
		for i := 0; i <= len(b); i++ {
			if i < len(b) && of[b[i]] {
				continue
			}
			if i < len(b) && b[i] == '\n' && i-line >= 60 && i+1 < len(b) && of[b[i+1]] {
				line = i + 1
				continue
			}
			if i-from >= n && !yield(from, i) {
				return
			}
			from, line = i+1, i+1
		}
	}
}

// keyed is how many hexadecimal digits the ids in a package have at least that
// are derived with a key of the site. One of them was seen to hold the nine digits
// of somebody's number, by chance: the same case with another key does not.
const keyed = 20

// joinDigits takes away what people write between the digits of a number, and
// digests and derived ids, which hold digits by chance. What is digits only is
// neither.
func joinDigits(f []byte) []byte {
	f = bytes.Clone(f)
	for from, to := range runs(f, signsOf(hexSigns), keyed) {
		if !bytes.ContainsAny(f[from:to], "abcdefABCDEF") {
			continue
		}
		for i := from; i < to; i++ {
			f[i] = '#'
		}
	}
	out := make([]byte, 0, len(f))
	for i := 0; i < len(f); {
		r, n := utf8.DecodeRune(f[i:])
		if len(out) > 0 && isDigit(out[len(out)-1]) && !isWordRune(r) && nextDigit(f[i:]) {
			i += n
			continue
		}
		out = append(out, f[i:i+n]...)
		i += n
	}
	return out
}

func isDigit(b byte) bool    { return b >= '0' && b <= '9' }
func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// nextDigit reports whether a digit comes after at most four signs.
func nextDigit(b []byte) bool {
	for range 4 {
		_, n := utf8.DecodeRune(b)
		if n == 0 {
			return false
		}
		b = b[n:]
		if len(b) > 0 && isDigit(b[0]) {
			return true
		}
		if r, _ := utf8.DecodeRune(b); isWordRune(r) {
			return false
		}
	}
	return false
}

// readings are content as it is and, if that is something else, with the
// escapes of HTML, XML, JSON, URLs and mail undone.
func readings(b []byte) [][]byte {
	all := [][]byte{b}
	s := string(b)
	for range 3 {
		u := unescape(s)
		if u == s {
			break
		}
		s = u
		all = append(all, []byte(s))
	}
	return all
}

func unescape(s string) string {
	s = html.UnescapeString(s)
	if !strings.ContainsAny(s, `%\=`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		n := 1
		switch rest := s[i+1:]; s[i] {
		case '%':
			n += hexByte(rest, &out)
		case '=': // quoted-printable
			if strings.HasPrefix(rest, "\r\n") || strings.HasPrefix(rest, "\n") {
				i += 1 + strings.IndexByte(rest, '\n') + 1
				continue
			}
			if strings.ToUpper(rest[:min(2, len(rest))]) == rest[:min(2, len(rest))] {
				n += hexByte(rest, &out)
			}
		case '\\':
			n += escaped(rest, &out)
		}
		if n == 1 {
			out = append(out, s[i])
		}
		i += n
	}
	return string(out)
}

// hexByte appends a byte in hex and returns how many signs that was.
func hexByte(s string, out *[]byte) int {
	if len(s) < 2 {
		return 0
	}
	b, err := hex.DecodeString(s[:2])
	if err != nil {
		return 0
	}
	*out = append(*out, b...)
	return 2
}

// escaped appends what stands after a backslash.
func escaped(s string, out *[]byte) int {
	switch {
	case s == "":
		return 0
	case s[0] == 'x':
		if n := hexByte(s[1:], out); n > 0 {
			return 1 + n
		}
	case s[0] == 'u' && len(s) >= 5:
		if b, err := hex.DecodeString(s[1:5]); err == nil {
			*out = utf8.AppendRune(*out, rune(binary.BigEndian.Uint16(b)))
			return 5
		}
	case strings.IndexByte("nrt", s[0]) >= 0:
		*out = append(*out, ' ')
		return 1
	}
	*out = append(*out, s[0])
	return 1
}

// piece is what was unpacked from content.
type piece struct {
	how     string
	content []byte
}

const mostUnpacked = 1 << 20

// unpacked finds compressed streams and long runs of base64 and hex.
func unpacked(b []byte) []piece {
	all := coded(b)
	for i := 0; i+2 < len(b); i++ {
		var r io.Reader
		var err error
		how := ""
		switch {
		case b[i] == 0x78 && binary.BigEndian.Uint16(b[i:])%31 == 0:
			how = "zlib"
			r, err = zlib.NewReader(bytes.NewReader(b[i:]))
		case b[i] == 0x1f && b[i+1] == 0x8b && b[i+2] == 8:
			how = "gzip"
			r, err = gzip.NewReader(bytes.NewReader(b[i:]))
		case bytes.HasPrefix(b[i:], []byte("PK\x03\x04")) && i+30 < len(b):
			how = "zip"
			at := i + 30 + int(binary.LittleEndian.Uint16(b[i+26:])) + int(binary.LittleEndian.Uint16(b[i+28:]))
			r = flate.NewReader(bytes.NewReader(b[min(at, len(b)):]))
		}
		if r == nil || err != nil {
			continue
		}
		// A damaged stream still gives what was before the damage.
		if content, _ := io.ReadAll(io.LimitReader(r, mostUnpacked)); len(content) > 0 {
			all = append(all, piece{how, content})
		}
	}
	return all
}

// coded decodes what may be base64 or hex, wherever in a run it begins.
func coded(b []byte) []piece {
	var decoded, hexed []byte
	standard := strings.NewReplacer("\n", "", "-", "+", "_", "/")
	for from, to := range runs(b, signsOf(base64Signs), 8) {
		s := standard.Replace(string(b[from:to]))
		for from := range 4 {
			t := s[from:]
			if len(t)%4 == 1 {
				t = t[:len(t)-1]
			}
			out, _ := base64.RawStdEncoding.DecodeString(t) // of the alphabet
			decoded = append(append(decoded, out...), '\n')
		}
	}
	for from, to := range runs(b, signsOf(hexSigns), 12) {
		s := strings.ReplaceAll(string(b[from:to]), "\n", "")
		for from := range 2 {
			t := s[from:]
			out, _ := hex.DecodeString(t[:len(t)&^1]) // of the alphabet
			hexed = append(append(hexed, out...), '\n')
		}
	}
	var all []piece
	if len(decoded) > 0 {
		all = append(all, piece{"base64", decoded})
	}
	if len(hexed) > 0 {
		all = append(all, piece{"hex", hexed})
	}
	return all
}
