package near

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/vault/internal/mapped"
)

const (
	logMagic     = "TUTELA\x00L"
	logHeader    = 16
	batchMagic   = "BTCH"
	batchHeader  = 16
	recordSize   = 48
	kindAdd      = 1
	kindWithdraw = 2
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// record is one line of the log.
type record struct {
	kind  uint32
	id    uint64
	code  hamming.Code // kindAdd, disguised
	below uint64       // kindWithdraw: of segments with a lower number
}

func (r record) appendTo(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, r.kind)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, r.id)
	code := r.code
	if r.kind == kindWithdraw {
		code = hamming.Code{r.below}
	}
	for _, w := range code {
		b = le.AppendUint64(b, w)
	}
	return b
}

func readRecord(b []byte) (record, error) {
	le := binary.LittleEndian
	r := record{kind: le.Uint32(b), id: le.Uint64(b[8:])}
	for i := range r.code {
		r.code[i] = le.Uint64(b[16+8*i:])
	}
	if r.kind == kindWithdraw {
		r.below, r.code = r.code[0], hamming.Code{}
	} else if r.kind != kindAdd {
		return r, fault.New(fault.Corrupt, "near: record of unknown kind %d", r.kind)
	}
	return r, nil
}

// encodeBatch returns the bytes of a batch.
func encodeBatch(mark uint64, records []record) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, batchHeader+recordSize*len(records)+4)
	b = append(b, batchMagic...)
	b = le.AppendUint32(b, uint32(len(records)))
	b = le.AppendUint64(b, mark)
	for _, r := range records {
		b = r.appendTo(b)
	}
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

func emptyLog() []byte {
	b := append([]byte(logMagic), make([]byte, 8)...)
	binary.LittleEndian.PutUint32(b[8:], 1)
	return b
}

// batch is what was applied together.
type batch struct {
	mark    uint64
	records []byte
}

// readLog returns the batches of a log and where the finished ones end. What
// follows there is one batch that was not finished.
func readLog(b []byte) ([]batch, int64, error) {
	if len(b) < logHeader || string(b[:logHeader]) != string(emptyLog()) {
		return nil, 0, fault.New(fault.Corrupt, "near: no log header in %d bytes", len(b))
	}
	le := binary.LittleEndian
	var out []batch
	at := logHeader
	for at < len(b) {
		rest := b[at:]
		if len(rest) < batchHeader {
			break
		}
		size := batchHeader + recordSize*int64(le.Uint32(rest[4:])) + 4
		whole := string(rest[:4]) == batchMagic && size <= int64(len(rest)) &&
			crc32.Checksum(rest[:size-4], castagnoli()) == le.Uint32(rest[size-4:])
		if !whole {
			if follows(rest[1:]) {
				return nil, 0, fault.New(fault.Corrupt, "near: the log is damaged at byte %d", at)
			}
			break
		}
		out = append(out, batch{le.Uint64(rest[8:]), rest[batchHeader : size-4]})
		at += int(size)
	}
	return out, int64(at), nil
}

// follows reports whether a whole batch stands anywhere in b: then what is before
// it was once finished, and is damaged.
func follows(b []byte) bool {
	le := binary.LittleEndian
	for i := 0; i+batchHeader+4 <= len(b); i++ {
		if string(b[i:i+4]) != batchMagic {
			continue
		}
		size := batchHeader + recordSize*int64(le.Uint32(b[i+4:])) + 4
		if rest := b[i:]; size <= int64(len(rest)) &&
			crc32.Checksum(rest[:size-4], castagnoli()) == le.Uint32(rest[size-4:]) {
			return true
		}
	}
	return false
}

// logFile is the log that batches are appended to.
type logFile struct {
	number uint64
	file   *os.File // nil: opened for reading only
	size   int64
}

// append makes a batch durable, or leaves the log as it was. The second error says
// that this could not be done: nobody knows what the disk holds.
func (l *logFile) append(b []byte) (failed, lost error) {
	_, err := l.file.WriteAt(b, l.size)
	if err = errors.Join(err, l.file.Sync()); err != nil {
		lost = errors.Join(l.file.Truncate(l.size), l.file.Sync())
		return fault.New(fault.Outside, "near: write the log: %w", err), lost
	}
	l.size += int64(len(b))
	return nil, nil
}

// replay applies the finished batches of a log to an index that holds its segments.
func (x *Index) replay(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.New(fault.Corrupt, "near: %w", err)
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fault.New(fault.Outside, "near: %w", err)
	}
	batches, end, err := readLog(b)
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		return fault.New(fault.Corrupt, "near: the log has lost its first batch")
	}
	x.log.size = end
	for _, a := range batches {
		for at := 0; at < len(a.records); at += recordSize {
			r, err := readRecord(a.records[at:])
			if err != nil {
				return err
			}
			if err := mapped.Guard(func() { x.take(r) }); err != nil {
				return err
			}
		}
		x.mark = a.mark
	}
	return nil
}

// take applies one record in memory.
func (x *Index) take(r record) {
	if r.kind == kindAdd {
		x.tail.add(r.id, r.code)
		return
	}
	for _, s := range x.segments {
		if s.number < r.below {
			s.withdraw(r.id)
		}
	}
	x.tail.withdraw(r.id)
}
