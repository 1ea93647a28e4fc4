package archive

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"tutela/format/when"
)

// zipName decodes the name: the Unicode extra field if it fits the raw name,
// UTF-8 if flagged or valid, else code page 437.
func (w *Walker) zipName(e *entry) string {
	if f := e.field(0x7075); len(f) > 5 && f[0] == 1 && binary.LittleEndian.Uint32(f[1:]) == crc32.ChecksumIEEE(e.name) && utf8.Valid(f[5:]) {
		return string(f[5:])
	}
	if utf8.Valid(e.name) {
		return string(e.name)
	}
	w.find("zip.name-encoding", "read as code page 437", e.offset)
	s, err := charmap.CodePage437.NewDecoder().String(string(e.name))
	if err != nil {
		return string(e.name)
	}
	return s
}

// mode reads the file type and permissions of Unix, macOS and DOS attributes.
func (e *entry) mode() fs.FileMode {
	if len(e.name) > 0 && (e.name[len(e.name)-1] == '/' || e.name[len(e.name)-1] == '\\') {
		return fs.ModeDir | 0o755
	}
	if sys := e.creator >> 8; sys != 3 && sys != 19 {
		if e.attrs&0x10 != 0 && e.size == 0 {
			return fs.ModeDir | 0o755
		}
		return 0
	}
	unix := e.attrs >> 16
	mode := fs.FileMode(unix & 0o777)
	switch unix & 0xF000 {
	case 0x4000:
		mode |= fs.ModeDir
	case 0xA000:
		mode |= fs.ModeSymlink
	case 0x6000, 0x2000:
		mode |= fs.ModeDevice
	case 0x1000:
		mode |= fs.ModeNamedPipe
	case 0xC000:
		mode |= fs.ModeSocket
	}
	return mode
}

// modified prefers the times in UTC of the extra fields over the local DOS time.
func (e *entry) modified() when.Time {
	le := binary.LittleEndian
	if f := e.field(0x5455); len(f) >= 5 && f[0]&1 != 0 {
		return utc(time.Unix(int64(int32(le.Uint32(f[1:]))), 0), "zip extended timestamp")
	}
	if f := e.field(0x000a); len(f) >= 16 && le.Uint16(f[4:]) == 1 {
		const epoch = 116444736000000000 // 1970 in units of 100 ns since 1601
		if ticks := int64(le.Uint64(f[8:])); ticks > epoch {
			return utc(time.Unix(0, 0).Add(time.Duration(min(ticks-epoch, 1<<56)*100)), "zip NTFS time")
		}
	}
	if e.dosDate == 0 {
		return when.Time{}
	}
	d, t := int(e.dosDate), int(e.dosTime)
	wall := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", d>>9+1980, d>>5&15, d&31, t>>11, t>>5&63, t&31*2)
	if _, err := time.Parse("2006-01-02T15:04:05", wall); err != nil {
		return when.Time{Text: wall, Basis: "zip DOS time, impossible"}
	}
	return when.Time{Text: wall, Wall: wall, Precision: when.Second, Basis: "zip DOS time, local, even seconds"}
}
