package engine

import (
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"
)

const (
	// plainWrites is the name of the encrypting file system, gatheredWrites that of
	// the same with gathered writes.
	plainWrites, gatheredWrites = "adiantum", "tutela"
	// sealedBlock is what the encrypting file system reads and writes at once
	// (vfs/adiantum, blockSize).
	sealedBlock = 4096
	// gatherSize bounds the bytes of the log that wait in memory.
	gatherSize = 16 * sealedBlock
	// frameSize is the length of a frame of the log: its header and a page.
	frameSize = 24 + 4096
)

// registerGathering makes the file system known to SQLite; to do so again changes
// nothing.
func registerGathering() {
	vfs.Register(gatheredWrites, gatheringVFS{adiantum.Wrap(vfs.Find(""), nil)})
}

// gatheringVFS is the encrypting file system, except that writes to a
// write-ahead log are gathered.
//
// A frame of the log is a header of 24 bytes and a page of 4096, so none begins
// where a block of the encryption does: written one by one, each frame makes
// three blocks be read, decrypted, changed, encrypted, locked and written.
// Gathered, a run of frames is written in whole blocks.
//
// It is as durable as without. A frame counts for nobody, neither another
// connection nor a recovery, before SQLite has synced the log and then told of
// the frame in the shared index (walFrames in wal.c, with synchronous=full); and
// Sync writes what was gathered first. One frame is told of that lies partly
// behind the sync: the last is repeated until a sector is full, and synced when
// it is. So a frame's length of bytes is not gathered after a sync. Where nothing
// is synced, this file system is not used.
type gatheringVFS struct{ vfs.VFS }

var _ vfs.VFSFilename = gatheringVFS{}

// OpenFilename opens the file; a write-ahead log is one that gathers.
func (g gatheringVFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, out, err := vfsutil.WrapOpenFilename(g.VFS, name, flags)
	if err == nil && flags&vfs.OPEN_WAL != 0 {
		f = &logFile{File: f}
	}
	return f, out, err
}

// logFile is a write-ahead log of one connection. What was written last and
// lies in one run waits in pending; everything else that looks at the file
// writes it out first.
type logFile struct {
	vfs.File
	pending []byte
	from    int64 // where pending begins in the file
	through int   // bytes that are not to wait
}

// Unwrap is the file below.
func (l *logFile) Unwrap() vfs.File { return l.File }

// WriteAt takes p; it is in the file after the next Sync at the latest. An error
// may be that of an earlier write.
func (l *logFile) WriteAt(p []byte, at int64) (int, error) {
	if len(l.pending) > 0 && at != l.from+int64(len(l.pending)) {
		if err := l.flush(); err != nil {
			return 0, err
		}
	}
	if len(l.pending) == 0 {
		l.from = at
	}
	if l.through > 0 && len(l.pending) == 0 {
		n, err := l.File.WriteAt(p, at)
		l.through -= n
		return n, err
	}
	l.pending = append(l.pending, p...)
	if len(l.pending) < gatherSize {
		return len(p), nil
	}
	end := (l.from + int64(len(l.pending))) / sealedBlock * sealedBlock
	if err := l.write(max(end-l.from, 0)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes everything that waits.
func (l *logFile) flush() error { return l.write(int64(len(l.pending))) }

// write writes the first n bytes that wait. When it fails they wait no longer,
// as after a failed write; SQLite gives the transaction up.
func (l *logFile) write(n int64) error {
	if n == 0 {
		return nil
	}
	_, err := l.File.WriteAt(l.pending[:n], l.from)
	if err != nil {
		l.pending = l.pending[:0]
		return err
	}
	l.from += n
	l.pending = append(l.pending[:0], l.pending[n:]...)
	return nil
}

// ReadAt reads what is in the file and what was written to it.
func (l *logFile) ReadAt(p []byte, at int64) (int, error) {
	if err := l.flush(); err != nil {
		return 0, err
	}
	return l.File.ReadAt(p, at)
}

// Sync writes what waits and makes the file durable.
func (l *logFile) Sync(flags vfs.SyncFlag) error {
	if err := l.flush(); err != nil {
		return err
	}
	l.through = frameSize
	return l.File.Sync(flags)
}

// Truncate sets the size, after what waits was written.
func (l *logFile) Truncate(size int64) error {
	if err := l.flush(); err != nil {
		return err
	}
	return l.File.Truncate(size)
}

// Size is that of everything written.
func (l *logFile) Size() (int64, error) {
	if err := l.flush(); err != nil {
		return 0, err
	}
	return l.File.Size()
}

// Close writes what waits and closes the file.
func (l *logFile) Close() error {
	err := l.flush()
	if closed := l.File.Close(); err == nil {
		err = closed
	}
	return err
}
