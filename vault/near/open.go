package near

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tutela/fault"
	"tutela/hash/hamming"
	"tutela/vault/internal/mapped"
)

// Options say how to open an index.
type Options struct {
	// Key is the secret that codes are disguised with; nil: not at all.
	Key []byte
	// ReadOnly opens what there is at this moment, beside a process that writes.
	// Apply and Compact are refused.
	ReadOnly bool
}

// Open verifies an index and opens it. Kinds of error: NotFound where none was
// made; Corrupt where the bytes are not what was written or another key made them,
// so that Create must make it anew; Busy where another process writes.
func Open(dir string, o Options) (*Index, error) {
	text, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		lock, err := takeLock(dir)
		if err != nil {
			return nil, err
		}
		// Somebody may have replaced it before the lock was ours.
		if text, err = readManifest(dir); err != nil {
			lock.release()
			return nil, err
		}
		return open(dir, o, lock, text)
	}
	for {
		x, err := open(dir, o, nil, text)
		if err == nil {
			return x, nil
		}
		// The process that writes may have replaced the files meanwhile.
		again, gone := readManifest(dir)
		if gone != nil || bytes.Equal(again, text) {
			return nil, err
		}
		text = again
	}
}

func readManifest(dir string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "near: no index in %s", dir)
	} else if err != nil {
		return nil, fault.New(fault.Outside, "near: %w", err)
	}
	return text, nil
}

func open(dir string, o Options, lock *lockFile, text []byte) (*Index, error) {
	x := &Index{dir: dir, disguise: hamming.NewDisguise(o.Key), lock: lock}
	if err := x.load(text); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// load opens what the manifest names.
func (x *Index) load(text []byte) error {
	m, err := decodeManifest(text)
	if err != nil {
		return err
	}
	if m.keyCheck != x.disguise.Check() {
		return fault.New(fault.Corrupt, "near: the index was made under another key")
	}
	keep := map[string]bool{logName(m.log): true}
	x.next = m.log + 1
	for _, l := range m.segments {
		s, err := openSegment(x.dir, l)
		if err != nil {
			return err
		}
		x.segments = append(x.segments, s)
		keep[segmentName(l.number)] = true
		x.next = max(x.next, l.number+1)
	}
	x.log = &logFile{number: m.log}
	path := filepath.Join(x.dir, logName(m.log))
	if err := x.replay(path); err != nil || x.lock == nil {
		return err
	}
	if x.log.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return fault.New(fault.Outside, "near: %w", err)
	}
	if err := errors.Join(x.log.file.Truncate(x.log.size), x.log.file.Sync()); err != nil {
		return fault.New(fault.Outside, "near: %w", err)
	}
	sweep(x.dir, keep)
	return nil
}

// openSegment maps and verifies one segment.
func openSegment(dir string, l listed) (*segment, error) {
	f, err := mapped.Open(filepath.Join(dir, segmentName(l.number)))
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.Corrupt, "near: a segment is missing: %w", err)
	} else if err != nil {
		return nil, err
	}
	var s *hamming.Segment
	var damage error
	err = mapped.Guard(func() { s, damage = hamming.OpenSegment(f.Bytes) })
	if err == nil && damage != nil {
		err = fault.New(fault.Corrupt, "near: segment %x: %w", l.number, damage)
	}
	if err == nil && (s.Check() != l.check || uint64(s.Len()) != l.codes) {
		err = fault.New(fault.Corrupt, "near: segment %x is not the one that the manifest names", l.number)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &segment{Segment: s, number: l.number, file: f}, nil
}
