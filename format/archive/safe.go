package archive

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPath bounds a safe path, in bytes.
const maxPath = 4096

// Safe makes a relative path of a stored name: both slashes part, empty parts,
// "." and ".." go, drive letters and leading slashes go, control characters and
// direction overrides become U+FFFD. The faults are "path-escape", "absolute",
// "name-control", "name-utf8" and "name-long"; the path is never empty.
func Safe(name string) (path string, faults []string) {
	fault := func(f string) {
		for _, g := range faults {
			if g == f {
				return
			}
		}
		faults = append(faults, f)
	}
	if !utf8.ValidString(name) {
		fault("name-utf8")
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if len(name) >= 2 && name[1] == ':' && unicode.IsLetter(rune(name[0])) {
		fault("absolute")
		name = name[2:]
	}
	if strings.HasPrefix(name, "/") {
		fault("absolute")
	}
	var parts []string
	for p := range strings.SplitSeq(name, "/") {
		switch p {
		case "", ".":
		case "..":
			fault("path-escape")
		default:
			parts = append(parts, p)
		}
	}
	path = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || (r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069) {
			fault("name-control")
			return utf8.RuneError
		}
		return r
	}, strings.Join(parts, "/"))
	if len(path) > maxPath {
		fault("name-long")
		path = strings.ToValidUTF8(path[len(path)-maxPath:], "")
		path = strings.TrimLeft(path, "/")
	}
	if path == "" {
		path = "_"
	}
	return path, faults
}
