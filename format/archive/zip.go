package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"

	"tutela/fault"
)

// Signatures and sizes of APPNOTE.TXT 4.3.
const (
	sigLocal   = 0x04034b50
	sigCentral = 0x02014b50
	sigEnd     = 0x06054b50
	sigEnd64   = 0x06064b50
	sigLoc64   = 0x07064b50
	lenLocal   = 30
	lenCentral = 46
	lenEnd     = 22
)

// entry is what the directory, or a local header, says about one member.
type entry struct {
	flags, method uint16
	dosTime       uint16
	dosDate       uint16
	crc           uint32
	stored, size  int64
	offset        int64
	creator       uint16
	attrs         uint32
	name, extra   []byte
	salvaged      bool
	unknown       bool // sizes and sum are not known
	overlap       bool
}

var errDirectory = errors.New("damaged directory")

// directory is where the central directory lies.
type directory struct {
	at, size, base int64
	count          uint64
}

// zip yields the members by the directory, or by local headers if it is damaged.
func (w *Walker) zip(each func(Member) bool) {
	d, err := w.findDirectory()
	var bad map[int64]bool
	if err == nil {
		bad, err = w.overlaps(d)
	}
	if err != nil {
		w.find("zip.directory", "the directory is damaged; members are salvaged by their headers", 0)
		w.salvage(each)
		return
	}
	err = w.entries(d, func(e entry) bool {
		e.overlap = bad[e.offset]
		return each(w.member(e))
	})
	if err != nil {
		w.find("zip.directory", "the directory ends early", d.at)
	}
}

// findDirectory reads the end records.
func (w *Walker) findDirectory() (directory, error) {
	n := min(w.size, lenEnd+65535)
	buf := make([]byte, n)
	if _, err := w.r.ReadAt(buf, w.size-n); err != nil && err != io.EOF {
		return directory{}, err
	}
	le := binary.LittleEndian
	for i := len(buf) - lenEnd; i >= 0; i-- {
		if le.Uint32(buf[i:]) != sigEnd || int(le.Uint16(buf[i+20:])) > len(buf)-i-lenEnd {
			continue
		}
		e := buf[i:]
		at := w.size - n + int64(i)
		d := directory{count: uint64(le.Uint16(e[10:])), size: int64(le.Uint32(e[12:])), at: int64(le.Uint32(e[16:]))}
		end := at
		if d.count == 0xFFFF || d.size == 0xFFFFFFFF || d.at == 0xFFFFFFFF {
			if d64, at64, ok := w.end64(at); ok {
				d, end = d64, at64
			}
		}
		if d.size < 0 || d.at < 0 || d.size > end || d.at > end {
			return directory{}, errDirectory
		}
		if d.base = end - d.size - d.at; d.base < 0 {
			return directory{}, errDirectory
		}
		d.at += d.base
		return d, nil
	}
	return directory{}, errDirectory
}

// end64 follows the zip64 locator in front of the end record.
func (w *Walker) end64(end int64) (d directory, at int64, ok bool) {
	le := binary.LittleEndian
	var loc [20]byte
	if end < 20 {
		return d, 0, false
	}
	if _, err := w.r.ReadAt(loc[:], end-20); err != nil || le.Uint32(loc[:]) != sigLoc64 {
		return d, 0, false
	}
	at = int64(le.Uint64(loc[8:]))
	var rec [56]byte
	if at < 0 || at > w.size-56 {
		return d, 0, false
	}
	if _, err := w.r.ReadAt(rec[:], at); err != nil || le.Uint32(rec[:]) != sigEnd64 {
		return d, 0, false
	}
	return directory{count: le.Uint64(rec[32:]), size: int64(le.Uint64(rec[40:])), at: int64(le.Uint64(rec[48:]))}, at, true
}

// entries reads the directory, at most one more entry than the limit.
func (w *Walker) entries(d directory, each func(entry) bool) error {
	br := bufio.NewReaderSize(io.NewSectionReader(w.r, d.at, d.size), 1<<16)
	le := binary.LittleEndian
	var h [lenCentral]byte
	for n := 0; n <= w.lim.Items; n++ {
		_, err := io.ReadFull(br, h[:])
		if err == io.EOF {
			return nil
		}
		if err != nil || le.Uint32(h[:]) != sigCentral {
			if n > 0 && uint64(n) >= d.count {
				return nil // a digital signature or padding behind the last entry
			}
			return errDirectory
		}
		nameLen, extraLen, commentLen := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
		tail := make([]byte, nameLen+extraLen+commentLen)
		if _, err := io.ReadFull(br, tail); err != nil {
			return errDirectory
		}
		e := entry{creator: le.Uint16(h[4:]), flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]),
			dosTime: le.Uint16(h[12:]), dosDate: le.Uint16(h[14:]), crc: le.Uint32(h[16:]),
			stored: int64(le.Uint32(h[20:])), size: int64(le.Uint32(h[24:])), attrs: le.Uint32(h[38:]),
			offset: int64(le.Uint32(h[42:])), name: tail[:nameLen], extra: tail[nameLen : nameLen+extraLen]}
		e.zip64()
		e.offset += d.base
		if !each(e) {
			return nil
		}
	}
	return nil
}

// zip64 replaces sizes that did not fit into 32 bits.
func (e *entry) zip64() {
	field := e.field(0x0001)
	for _, v := range []*int64{&e.size, &e.stored, &e.offset} {
		if *v == 0xFFFFFFFF && len(field) >= 8 {
			*v = int64(binary.LittleEndian.Uint64(field) &^ (1 << 63))
			field = field[8:]
		}
	}
}

// field returns the extra field with the id, or nil.
func (e *entry) field(id uint16) []byte {
	for b := e.extra; len(b) >= 4; {
		n := int(binary.LittleEndian.Uint16(b[2:]))
		if n > len(b)-4 {
			return nil
		}
		if binary.LittleEndian.Uint16(b) == id {
			return b[4 : 4+n]
		}
		b = b[4+n:]
	}
	return nil
}

// overlaps returns the header offsets of members whose bytes overlap, the sign of
// a bomb made of shared data (D. Fifield, "A better zip bomb", 2019).
func (w *Walker) overlaps(d directory) (map[int64]bool, error) {
	type span struct{ from, to int64 }
	var spans []span
	err := w.entries(d, func(e entry) bool {
		spans = append(spans, span{e.offset, e.offset + lenLocal + e.stored})
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return int(max(min(a.from-b.from, 1), -1))
		}
		return int(max(min(a.to-b.to, 1), -1))
	})
	bad := map[int64]bool{}
	reach, at := int64(-1), int64(0)
	for _, s := range spans {
		if s.from < reach {
			bad[s.from], bad[at] = true, true
		}
		if s.to > reach {
			reach, at = s.to, s.from
		}
	}
	return bad, nil
}

// member turns an entry into a member.
func (w *Walker) member(e entry) Member {
	m := Member{RawName: string(e.name), Size: e.size, Offset: e.offset, Encrypted: e.flags&1 != 0, Modified: e.modified()}
	m.Path = w.zipName(&e)
	m.Mode = e.mode()
	if e.unknown {
		m.Size = -1
	}
	switch {
	case m.Mode.IsDir():
		return m
	case m.Mode&fs.ModeSymlink != 0:
		m.Link = w.linkTarget(e)
		return m
	case !m.Mode.IsRegular():
		return m
	case m.Encrypted:
		w.find("zip.encrypted", m.Path, e.offset)
		return m
	case e.overlap:
		w.find("zip.overlap", m.Path, e.offset)
		return m
	case e.method != 0 && e.method != 8:
		w.find("zip.method", m.Path, e.offset)
		return m
	}
	m.open = func() (io.Reader, error) { return w.content(e, m.Path) }
	return m
}

// content opens a member behind its local header.
func (w *Walker) content(e entry, path string) (io.Reader, error) {
	var h [lenLocal]byte
	if e.offset < 0 || e.offset > w.size-lenLocal {
		w.find("archive.damaged", path, e.offset)
		return nil, fault.New(fault.Corrupt, "archive: open member at %d: outside the file", e.offset)
	}
	if _, err := w.r.ReadAt(h[:], e.offset); err != nil || binary.LittleEndian.Uint32(h[:]) != sigLocal {
		w.find("archive.damaged", path, e.offset)
		return nil, fault.New(fault.Corrupt, "archive: open member at %d: no header there", e.offset)
	}
	le := binary.LittleEndian
	nameLen := int(le.Uint16(h[26:]))
	data := e.offset + lenLocal + int64(nameLen) + int64(le.Uint16(h[28:]))
	local := make([]byte, nameLen)
	if _, err := w.r.ReadAt(local, e.offset+lenLocal); err == nil && !bytes.Equal(local, e.name) {
		w.find("zip.two-names", path, e.offset)
	}
	stored := max(min(e.stored, w.size-data), 0)
	var r io.Reader = io.NewSectionReader(w.r, data, stored)
	if e.method == 8 {
		r = flate.NewReader(bufio.NewReader(r))
	}
	if e.unknown {
		return w.bounded(r, path, e.offset, stored, -1), nil
	}
	return w.bounded(r, path, e.offset, stored, e.size).check(e.crc), nil
}

// linkTarget reads the short content of a symbolic link.
func (w *Walker) linkTarget(e entry) string {
	if e.flags&1 != 0 || e.overlap || e.size > 4096 || (e.method != 0 && e.method != 8) {
		return ""
	}
	r, err := w.content(e, "link")
	if err != nil {
		return ""
	}
	b, _ := io.ReadAll(io.LimitReader(r, 4096)) // damage is a finding already
	return string(b)
}
