package near

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"tutela/fault"
)

const (
	manifestName  = "manifest"
	manifestMagic = "TUTELA\x00M"
	manifestHead  = 40
	manifestLine  = 24
)

// manifest names the files of an index.
type manifest struct {
	keyCheck [16]byte
	log      uint64
	segments []listed
}

// listed is one segment of a manifest.
type listed struct {
	number, codes uint64
	check         uint32
}

func segmentName(n uint64) string { return fmt.Sprintf("segment-%016x", n) }
func logName(n uint64) string     { return fmt.Sprintf("log-%016x", n) }

func (m manifest) encode() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte(manifestMagic), 1)
	b = le.AppendUint32(b, uint32(len(m.segments)))
	b = append(b, m.keyCheck[:]...)
	b = le.AppendUint64(b, m.log)
	for _, s := range m.segments {
		b = le.AppendUint64(b, s.number)
		b = le.AppendUint64(b, s.codes)
		b = le.AppendUint32(b, s.check)
		b = le.AppendUint32(b, 0)
	}
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

func decodeManifest(b []byte) (manifest, error) {
	var m manifest
	le := binary.LittleEndian
	if len(b) < manifestHead+4 || string(b[:8]) != manifestMagic ||
		crc32.Checksum(b[:len(b)-4], castagnoli()) != le.Uint32(b[len(b)-4:]) {
		return m, fault.New(fault.Corrupt, "near: the manifest is damaged")
	}
	if v := le.Uint32(b[8:]); v != 1 {
		return m, fault.New(fault.Corrupt, "near: version %d of the manifest is unknown", v)
	}
	k := int(le.Uint32(b[12:]))
	if manifestHead+manifestLine*k+4 != len(b) {
		return m, fault.New(fault.Corrupt, "near: the manifest states %d segments in %d bytes", k, len(b))
	}
	copy(m.keyCheck[:], b[16:])
	m.log = le.Uint64(b[32:])
	for i := range k {
		l := b[manifestHead+manifestLine*i:]
		s := listed{le.Uint64(l), le.Uint64(l[8:]), le.Uint32(l[16:])}
		if i > 0 && m.segments[i-1].number >= s.number {
			return m, fault.New(fault.Corrupt, "near: the segments of the manifest are out of order")
		}
		m.segments = append(m.segments, s)
	}
	return m, nil
}
