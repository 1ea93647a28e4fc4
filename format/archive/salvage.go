package archive

import (
	"bytes"
	"encoding/binary"
	"io"
)

// salvage yields members by their local headers, from the start of the file.
// Headers inside a member of known length are not looked at.
func (w *Walker) salvage(each func(Member) bool) {
	for at := w.nextLocal(0); at >= 0; {
		e, data, ok := w.local(at)
		if !ok {
			at = w.nextLocal(at + 4)
			continue
		}
		next := int64(0)
		if e.flags&8 != 0 && e.stored == 0 {
			e.unknown = true
			if next = w.nextLocal(data); next < 0 {
				e.stored = w.size - data
			} else {
				e.stored = next - data
			}
		} else {
			next = w.nextLocal(data + e.stored)
		}
		if e.stored > w.size-data {
			w.find("zip.truncated", "the file ends inside a member", at)
		}
		if !each(w.member(e)) {
			return
		}
		at = next
	}
}

// local reads one local header.
func (w *Walker) local(at int64) (e entry, data int64, ok bool) {
	var h [lenLocal]byte
	if _, err := w.r.ReadAt(h[:], at); err != nil {
		return e, 0, false
	}
	le := binary.LittleEndian
	nameLen, extraLen := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	tail := make([]byte, nameLen+extraLen)
	if _, err := w.r.ReadAt(tail, at+lenLocal); err != nil || nameLen == 0 {
		return e, 0, false
	}
	e = entry{flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), dosTime: le.Uint16(h[10:]), dosDate: le.Uint16(h[12:]),
		crc: le.Uint32(h[14:]), stored: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:])), offset: at,
		name: tail[:nameLen], extra: tail[nameLen:], salvaged: true}
	e.zip64()
	e.offset = at
	return e, at + lenLocal + int64(len(tail)), true
}

// nextLocal returns the offset of the next local header at or behind from, or -1.
func (w *Walker) nextLocal(from int64) int64 {
	size := int64(512) // grows, so that many small members do not cost much
	for at := max(from, 0); at < w.size; {
		buf := make([]byte, min(size+3, w.size-at))
		n, err := w.r.ReadAt(buf, at)
		if i := bytes.Index(buf[:n], []byte("PK\x03\x04")); i >= 0 {
			return at + int64(i)
		}
		if err != nil && err != io.EOF {
			return -1
		}
		at += size
		size = min(2*size, 1<<20)
	}
	return -1
}
