package hamming

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

const (
	segmentMagic   = "TUTELA\x00H"
	segmentVersion = 1
	headerSize     = 4096
	blockSize      = 65536
	padding        = 64
)

// ErrCorrupt is what every error about bytes that are not what was written wraps.
var ErrCorrupt = errors.New("segment is damaged")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("hamming: "+format+": %w", append(args, ErrCorrupt)...)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func padded(n int64) int64 { return (n + padding - 1) / padding * padding }

// plan says where the parts of a segment lie, counted from the body's start.
type plan struct {
	n      int64
	tables bool
	shift  uint
}

func (p plan) groups(s int) int64 { return 1 << (slotWidth(s) - p.shift) }

func (p plan) ids() int64 { return padded(8 * p.n) }

func (p plan) codes() int64 { return padded(8 * Words * p.n) }

func (p plan) starts(s int) int64 { return padded(8 * (p.groups(s) + 1)) }

func (p plan) column() int64 { return padded(4 * p.n) }

func (p plan) body() int64 {
	size := p.ids() + p.codes()
	if p.tables {
		for s := range slots {
			size += p.starts(s) + 2*p.column()
		}
	}
	return size
}

func (p plan) blocks() int64 { return (p.body() + blockSize - 1) / blockSize }

func (p plan) fileSize() int64 { return headerSize + p.body() + 4*p.blocks() + 4 }

// header returns the first 4,096 bytes.
func (p plan) header() []byte {
	h := make([]byte, headerSize)
	copy(h, segmentMagic)
	le := binary.LittleEndian
	le.PutUint32(h[8:], segmentVersion)
	if p.tables {
		le.PutUint32(h[12:], 1)
	}
	le.PutUint64(h[16:], uint64(p.n))
	le.PutUint32(h[24:], uint32(p.shift))
	le.PutUint64(h[32:], uint64(p.fileSize()))
	le.PutUint32(h[headerSize-4:], crc32.Checksum(h[:headerSize-4], castagnoli()))
	return h
}

// readHeader checks the header of a segment of the given size.
func readHeader(b []byte) (plan, error) {
	var p plan
	if len(b) < headerSize || string(b[:8]) != segmentMagic {
		return p, corrupt("no segment header in %d bytes", len(b))
	}
	le := binary.LittleEndian
	if crc32.Checksum(b[:headerSize-4], castagnoli()) != le.Uint32(b[headerSize-4:]) {
		return p, corrupt("checksum of the header")
	}
	if v := le.Uint32(b[8:]); v != segmentVersion {
		return p, corrupt("version %d is unknown", v)
	}
	n, shift, tables := le.Uint64(b[16:]), le.Uint32(b[24:]), le.Uint32(b[12:])
	if n > math.MaxUint32 || shift > maxShift || tables > 1 || (tables == 0 && shift != 0) {
		return p, corrupt("header states %d codes, shift %d, tables %d", n, shift, tables)
	}
	p = plan{n: int64(n), tables: tables == 1, shift: uint(shift)}
	if size := le.Uint64(b[32:]); size != uint64(p.fileSize()) || uint64(len(b)) != size {
		return p, corrupt("%d bytes, stated %d, %d needed for %d codes", len(b), size, p.fileSize(), n)
	}
	return p, nil
}
