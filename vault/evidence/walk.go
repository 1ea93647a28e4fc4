package evidence

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tutela/fault"
)

// entry is one thing that the walk met.
type entry struct {
	rel  string // below the source, with "/"; "" for a source that is a file
	abs  string
	size int64
	time int64  // of the last change, ns
	code string // a finding instead of a file
	note string
}

// Limits of a batch, which becomes one act. Making 8,000 small files durable takes
// hardly longer than 1,000, and so does writing their rows: ids and digests are
// random, so that each act touches most pages of three indexes.
const (
	batchFiles = 8000
	batchBytes = 256 << 20
)

// walk sends batches (of at most the given number of entries) of what lies below source, in the order of names. What
// cannot be listed becomes a finding; links are not followed.
func walk(ctx context.Context, source string, most int, send func([]entry) error) error {
	var batch []entry
	var bytes int64
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		full := batch
		batch, bytes = nil, 0
		return send(full)
	}
	err := filepath.WalkDir(source, func(p string, d fs.DirEntry, err error) error {
		if cerr := ctx.Err(); cerr != nil {
			return cerr
		}
		e, ok := look(source, p, d, err)
		if !ok {
			return nil
		}
		batch, bytes = append(batch, e), bytes+e.size
		if len(batch) >= most || bytes >= batchBytes {
			return flush()
		}
		return nil
	})
	return errors.Join(err, flush())
}

// look turns what WalkDir says into an entry; false for a directory that could
// be listed.
func look(source, p string, d fs.DirEntry, err error) (entry, bool) {
	e := entry{abs: p}
	if p != source {
		e.rel = filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(p, source), string(filepath.Separator)))
	}
	if err != nil {
		e.code, e.note = FindUnreadable, reason(err)
		return e, true
	}
	switch t := d.Type(); {
	case t.IsDir():
		return e, false
	case t&fs.ModeSymlink != 0:
		target, err := os.Readlink(p)
		if e.code, e.note = FindSymlink, target; err != nil {
			e.note = reason(err)
		}
	case !t.IsRegular():
		e.code, e.note = FindSpecial, t.String()
	default:
		st, err := d.Info()
		if err != nil {
			e.code, e.note = FindUnreadable, reason(err)
			break
		}
		e.size, e.time = st.Size(), st.ModTime().UnixNano()
	}
	return e, true
}

// reason returns the cause of an error without the path, which the finding
// has already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// source makes an officer's path absolute and free of links.
func source(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.NotFound, "seal: %s: %w", path, err)
	}
	if err != nil {
		return "", fault.New(fault.Outside, "seal: %s: %w", path, err)
	}
	return abs, nil
}

// measure counts the files and bytes below source for the progress; it stops
// when ctx ends.
func measure(ctx context.Context, source string) (files, bytes int64) {
	filepath.WalkDir(source, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if d.Type().IsRegular() {
			if st, err := d.Info(); err == nil {
				files, bytes = files+1, bytes+st.Size()
			}
		}
		return nil
	})
	return files, bytes
}
