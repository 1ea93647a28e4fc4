package near

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"tutela/hash/hamming"
)

// FuzzLog: whatever stands in a log, reading it ends, and the batches that count
// are those that writing them again gives.
func FuzzLog(f *testing.F) {
	one := encodeBatch(3, []record{{kind: kindAdd, id: 7, code: hamming.Code{1, 2, 3, 4}}, {kind: kindWithdraw, id: 9, below: 2}})
	f.Add(append(emptyLog(), one...))
	f.Add(append(append(emptyLog(), one...), one[:30]...))
	f.Add(append(append(emptyLog(), one[:30]...), one...))
	f.Add([]byte(logMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		batches, end, err := readLog(b)
		if err != nil {
			return
		}
		again := emptyLog()
		for _, a := range batches {
			var records []record
			for at := 0; at < len(a.records); at += recordSize {
				r, err := readRecord(a.records[at:])
				if err != nil {
					return
				}
				records = append(records, r)
			}
			again = append(again, encodeBatch(a.mark, records)...)
		}
		if int64(len(again)) != end {
			t.Errorf("%d bytes count, written again %d", end, len(again))
		}
	})
}

// FuzzManifest: what is accepted is written again as it was.
func FuzzManifest(f *testing.F) {
	m := manifest{keyCheck: [16]byte{1}, log: 5, segments: []listed{{1, 10, 77}, {3, 20, 78}}}
	f.Add(m.encode())
	f.Add(manifest{}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 4 { // else no input ever gets past the checksum
			binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli()))
		}
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		for i := range m.segments { // the rest of a line means nothing
			binary.LittleEndian.PutUint32(b[manifestHead+manifestLine*i+20:], 0)
		}
		if again := m.encode(); !bytes.Equal(again[:len(again)-4], b[:len(b)-4]) {
			t.Errorf("%x became %x", b, again)
		}
	})
}
