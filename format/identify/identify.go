package identify

import (
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"tutela/format"
	"tutela/format/whatsapp"
)

// Kind is the reader that a type wants.
type Kind string

// The kinds.
const (
	Picture  Kind = "picture"
	Raw      Kind = "raw" // camera raw, never decoded
	Video    Kind = "video"
	Audio    Kind = "audio"
	Archive  Kind = "archive"
	ChatText Kind = "chat-text"
	Mail     Kind = "mail"
	Mbox     Kind = "mbox"
	Text     Kind = "text"
	Document Kind = "document"
	Database Kind = "database"
	Program  Kind = "program"
	Empty    Kind = "empty"
	Unknown  Kind = "unknown"
)

// Head is how many first bytes Identify wants to see, or all of a smaller file.
const Head = 16 << 10

// Type is what a file is.
type Type struct {
	MIME      string
	Kind      Kind
	Extension string // the usual one for the content, with its dot; "" if none
	Container string // "zip", "tar", "gzip" or "tar.gz" where members can be listed
}

// Identify looks at the first bytes (Head of them, or all), the size of the whole
// file and its name. Findings: "type.mismatch" when a known extension does not fit
// the content, "type.double-extension" and "type.hidden-extension" for names that
// disguise it.
func Identify(head []byte, size int64, name string) (Type, []format.Finding) {
	if len(head) > Head {
		head = head[:Head]
	}
	ext := strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/")))
	t := classify(head, size, ext, name)
	var fs []format.Finding
	if !fits(ext, t) {
		fs = append(fs, format.Finding{Code: "type.mismatch", Detail: ext + " holds " + t.MIME})
	}
	return t, append(fs, disguise(name, ext)...)
}

func classify(head []byte, size int64, ext, name string) Type {
	if size == 0 || len(head) == 0 {
		if ext == ".eml" {
			return Type{MIME: "message/rfc822", Kind: Mail, Extension: ".eml"}
		}
		return Type{MIME: "application/x-empty", Kind: Empty}
	}
	if t, ok := raw(head, ext); ok {
		return t
	}
	m := mimetype.Detect(head)
	mime, _, _ := strings.Cut(m.String(), ";")
	t := Type{MIME: mime, Extension: m.Extension(), Kind: kindOf(m)}
	switch {
	case t.Kind == Text || mime == "application/octet-stream" && mostlyText(head):
		return textual(head, ext, name, t)
	case mime == "application/octet-stream" && ext == ".eml":
		return Type{MIME: "message/rfc822", Kind: Mail, Extension: ".eml"}
	}
	t.Container = container(m, head)
	if t.Container == "tar.gz" {
		t.Extension = ".tgz"
	}
	return t
}

// kindOf walks up the type's ancestors until one tells the kind.
func kindOf(m *mimetype.MIME) Kind {
	for p := m; p != nil; p = p.Parent() {
		mime, _, _ := strings.Cut(p.String(), ";")
		if k, ok := kinds[mime]; ok {
			return k
		}
		switch family, _, _ := strings.Cut(mime, "/"); family {
		case "image":
			return Picture
		case "video":
			return Video
		case "audio":
			return Audio
		case "font":
			return Document
		case "text":
			return Text
		}
	}
	return Unknown
}

// kinds are the types whose family does not tell.
var kinds = map[string]Kind{
	"image/svg+xml": Document, "image/vnd.dwg": Document, "image/vnd.djvu": Document,
	"application/zip": Archive, "application/x-tar": Archive, "application/gzip": Archive,
	"application/x-7z-compressed": Archive, "application/x-rar-compressed": Archive, "application/x-bzip2": Archive,
	"application/x-xz": Archive, "application/zstd": Archive, "application/vnd.ms-cab-compressed": Archive, "application/x-cpio": Archive,
	"application/vnd.sqlite3": Database, "application/x-sqlite3": Database, "application/x-msaccess": Database,
	"application/pdf": Document, "application/x-ole-storage": Document, "text/rtf": Document, "text/html": Text,
	"application/json": Text, "application/xml": Text, "text/xml": Text,
	"application/ogg": Audio, "application/vnd.rn-realmedia-vbr": Video, "application/vnd.apple.mpegurl": Text,
	"application/x-elf": Program, "application/x-executable": Program, "application/x-sharedlib": Program, "application/x-object": Program,
	"application/vnd.microsoft.portable-executable": Program, "application/x-mach-binary": Program, "application/jar": Program,
	"application/wasm": Program, "application/epub+zip": Document,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   Document,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         Document,
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": Document,
	"application/vnd.oasis.opendocument.text":                                   Document,
	"application/vnd.oasis.opendocument.spreadsheet":                            Document,
	"application/vnd.oasis.opendocument.presentation":                           Document,
}

// container names the walker for the type's members.
func container(m *mimetype.MIME, head []byte) string {
	for p := m; p != nil; p = p.Parent() {
		switch {
		case p.Is("application/zip"):
			return "zip"
		case p.Is("application/x-tar"):
			return "tar"
		case p.Is("application/gzip"):
			if tarInside(head) {
				return "tar.gz"
			}
			return "gzip"
		}
	}
	return ""
}

// tarInside looks for a tar header in the first bytes of a gzip stream.
func tarInside(head []byte) bool {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	block := make([]byte, 512)
	n, _ := io.ReadFull(z, block) // a short head is no tar
	return n == 512 && bytes.HasPrefix(block[257:], []byte("ustar"))
}

// textual tells the text forms apart.
func textual(head []byte, ext, name string, t Type) Type {
	switch {
	case isMbox(head) && ext != ".eml":
		return Type{MIME: "application/mbox", Kind: Mbox, Extension: ".mbox"}
	case isMail(head), ext == ".eml":
		return Type{MIME: "message/rfc822", Kind: Mail, Extension: ".eml"}
	case whatsapp.Looks(head, name):
		return Type{MIME: "text/plain", Kind: ChatText, Extension: ".txt"}
	case t.Kind != Text:
		return Type{MIME: "text/plain", Kind: Text, Extension: ".txt"}
	}
	return t
}

// mostlyText accepts text with a few damaged characters, but no NUL.
func mostlyText(head []byte) bool {
	bad := 0
	for b := head; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if r == 0 {
			return false
		}
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) && !unicode.IsSpace(r) {
			bad++
		}
		b = b[n:]
	}
	return bad*20 < len(head)
}
