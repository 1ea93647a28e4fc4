package identify

import (
	"path"
	"strings"

	"tutela/format"
)

// expected says what an extension promises: a MIME type, or a kind in brackets.
var expected = map[string][]string{
	".jpg": {"image/jpeg"}, ".jpeg": {"image/jpeg"}, ".jpe": {"image/jpeg"}, ".png": {"image/png", "image/vnd.mozilla.apng", "image/apng"},
	".gif": {"image/gif"}, ".webp": {"image/webp"}, ".bmp": {"image/bmp"}, ".tif": {"image/tiff"}, ".tiff": {"image/tiff"},
	".heic": {"image/heic", "image/heif"}, ".heif": {"image/heic", "image/heif"}, ".avif": {"image/avif"}, ".jxl": {"image/jxl"},
	".ico": {"image/x-icon"}, ".svg": {"image/svg+xml"}, ".psd": {"image/vnd.adobe.photoshop"},
	".mp4": {"(video)", "audio/mp4"}, ".mov": {"(video)"}, ".3gp": {"(video)", "(audio)"}, ".mkv": {"(video)"}, ".webm": {"(video)", "(audio)"},
	".avi": {"(video)"}, ".mpg": {"(video)"}, ".mpeg": {"(video)"}, ".wmv": {"(video)"}, ".flv": {"(video)"}, ".m4v": {"(video)"},
	".mp3": {"(audio)"}, ".m4a": {"(audio)", "(video)"}, ".opus": {"(audio)"}, ".ogg": {"(audio)", "(video)"}, ".wav": {"(audio)"},
	".flac": {"(audio)"}, ".aac": {"(audio)"}, ".amr": {"(audio)"},
	".zip": {"(archive)"}, ".tar": {"application/x-tar"}, ".gz": {"application/gzip"}, ".tgz": {"application/gzip"},
	".7z": {"application/x-7z-compressed"}, ".rar": {"application/x-rar-compressed"}, ".bz2": {"application/x-bzip2"}, ".xz": {"application/x-xz"},
	".wastickers": {"(archive)"}, ".txt": {"(text)", "(chat-text)", "(mail)", "(mbox)"}, ".log": {"(text)", "(chat-text)", "(mail)"},
	".csv": {"(text)"}, ".json": {"(text)"}, ".xml": {"(text)"}, ".html": {"(text)"}, ".htm": {"(text)"}, ".md": {"(text)"},
	".eml": {"(mail)"}, ".mbox": {"(mbox)", "(mail)"}, ".vcf": {"(text)"},
	".pdf": {"application/pdf"}, ".docx": {"(document)", "(archive)"}, ".xlsx": {"(document)", "(archive)"}, ".pptx": {"(document)", "(archive)"},
	".odt": {"(document)", "(archive)"}, ".doc": {"(document)"}, ".xls": {"(document)"}, ".ppt": {"(document)"}, ".rtf": {"(document)", "(text)"},
	".db": {"(database)", "(unknown)"}, ".sqlite": {"(database)"}, ".sqlite3": {"(database)"},
	".exe": {"(program)"}, ".dll": {"(program)"},
	".dng": {"(raw)"}, ".nef": {"(raw)"}, ".cr2": {"(raw)"}, ".cr3": {"(raw)"}, ".arw": {"(raw)"}, ".raf": {"(raw)"}, ".orf": {"(raw)"}, ".rw2": {"(raw)"},
}

// fits reports whether an extension promises nothing or what the content is. An
// empty file fits every name.
func fits(ext string, t Type) bool {
	want, known := expected[ext]
	if !known || t.Kind == Empty {
		return true
	}
	for _, w := range want {
		if w == t.MIME || w == "("+string(t.Kind)+")" {
			return true
		}
	}
	return false
}

// disguise finds names that show another extension than they have.
func disguise(name, ext string) []format.Finding {
	var fs []format.Finding
	if strings.ContainsAny(name, "\u202a\u202b\u202d\u202e\u2066\u2067\u2068") {
		fs = append(fs, format.Finding{Code: "type.hidden-extension", Detail: "a direction override in the name; the extension is " + ext})
	}
	inner := strings.ToLower(path.Ext(strings.TrimRight(strings.TrimSuffix(name, path.Ext(name)), " ")))
	if programs[ext] && expected[inner] != nil {
		fs = append(fs, format.Finding{Code: "type.double-extension", Detail: inner + ext})
	}
	return fs
}

// programs are extensions that a double extension hides.
var programs = map[string]bool{".exe": true, ".scr": true, ".com": true, ".bat": true, ".cmd": true, ".js": true, ".vbs": true, ".lnk": true, ".apk": true, ".msi": true}
