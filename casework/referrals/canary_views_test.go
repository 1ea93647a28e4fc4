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
	"regexp"
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

var longHex = regexp.MustCompile(`[0-9a-f]{32,}`)

// joinDigits takes away what people write between the digits of a number, and
// digests, which hold digits by chance.
func joinDigits(f []byte) []byte {
	f = longHex.ReplaceAllLiteral(f, []byte(" "))
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

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|=[0-9A-F]{2}|=\r?\n`)

func unescape(s string) string {
	s = html.UnescapeString(s)
	if !strings.ContainsAny(s, `%\=`) {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		switch {
		case e[0] == '=' && len(e) < 3, e == "=\r\n":
			return ""
		case e[0] == '%' || e[0] == '=' || e[1] == 'x':
			b, _ := hex.DecodeString(e[len(e)-2:])
			return string(b)
		case e[1] == 'u' && len(e) == 6:
			b, _ := hex.DecodeString(e[2:])
			return string(rune(binary.BigEndian.Uint16(b)))
		case strings.ContainsAny(e[1:], "nrt"):
			return " "
		}
		return e[1:]
	})
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

var (
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}(?:\r?\n[A-Za-z0-9+/_-]+)*`)
	hexRun    = regexp.MustCompile(`[0-9A-Fa-f]{12,}`)
	standard  = strings.NewReplacer("\r", "", "\n", "", "-", "+", "_", "/")
)

// coded decodes what may be base64 or hex, wherever in a run it begins.
func coded(b []byte) []piece {
	var decoded, hexed []byte
	for _, run := range base64Run.FindAll(b, -1) {
		s := standard.Replace(string(run))
		for from := range 4 {
			t := s[from:]
			if len(t)%4 == 1 {
				t = t[:len(t)-1]
			}
			out, _ := base64.RawStdEncoding.DecodeString(t) // of the alphabet
			decoded = append(append(decoded, out...), '\n')
		}
	}
	for _, run := range hexRun.FindAll(b, -1) {
		for from := range 2 {
			t := run[from:]
			out, _ := hex.DecodeString(string(t[:len(t)&^1]))
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
