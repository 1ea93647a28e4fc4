package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tutela/fault"
	"tutela/vault/failpoint"
)

const (
	tmpDir   = "tmp"
	staleAge = 48 * time.Hour // temporary files of a dead process are swept after this
	fewFiles = 8              // up to so many objects are synced one by one
)

// FolderOptions of a folder.
type FolderOptions struct {
	Immutable bool // set the immutable flag on objects where the file system has it
}

// folder is a Backend in a directory.
type folder struct {
	dir  string
	o    FolderOptions
	made sync.Map // fan-out directories whose names are durable
}

// Folder opens or creates a folder of objects.
func Folder(dir string, o FolderOptions) (Backend, error) {
	tmp := filepath.Join(dir, tmpDir)
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fault.New(fault.Outside, "blob: open folder: %w", err)
	}
	if old, err := os.ReadDir(tmp); err == nil {
		for _, e := range old {
			if i, err := e.Info(); err == nil && time.Since(i.ModTime()) > staleAge {
				os.RemoveAll(filepath.Join(tmp, e.Name()))
			}
		}
	}
	return &folder{dir: dir, o: o}, nil
}

// place returns the path of an object, below ab/c/.
func (f *folder) place(name string) (string, error) {
	if !validObject(name) {
		return "", fault.New(fault.Invalid, "blob: %q is no name of an object", name)
	}
	return filepath.Join(f.dir, name[:2], name[2:3], name), nil
}

// folderBatch writes below one temporary directory.
//
// Durable order (docs/formats/blob.md): every object is written under a
// temporary name; then all bytes are made durable; then the objects are renamed
// to their names; then the names are made durable. For a few objects that is
// an fsync of each file and each directory; for many it is two calls of
// syncfs(2), which wait for everything that is dirty in the file system, once.
type folderBatch struct {
	f    *folder
	dir  string
	n    atomic.Int64
	mu   sync.Mutex
	kept map[*stagedFile]string // where each goes
}

func (f *folder) Begin(context.Context) (Batch, error) {
	dir, err := os.MkdirTemp(filepath.Join(f.dir, tmpDir), "batch-")
	if err != nil {
		return nil, fault.New(fault.Outside, "blob: begin: %w", err)
	}
	return &folderBatch{f: f, dir: dir, kept: map[*stagedFile]string{}}, nil
}

type stagedFile struct {
	*os.File
	b *folderBatch
}

func (b *folderBatch) Stage() (Staged, error) {
	p := filepath.Join(b.dir, strconv.FormatInt(b.n.Add(1), 10))
	file, err := os.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return nil, fault.New(fault.Outside, "blob: stage: %w", err)
	}
	return &stagedFile{file, b}, nil
}

func (s *stagedFile) Keep(name string) error {
	to, err := s.b.f.place(name)
	if err := errors.Join(err, s.Close()); err != nil {
		return fault.New(fault.Outside, "blob: keep: %w", err)
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.kept[s] = to
	return nil
}

func (s *stagedFile) Drop() {
	s.b.mu.Lock()
	delete(s.b.kept, s)
	s.b.mu.Unlock()
	s.Close()
	os.Remove(s.Name())
}

func (b *folderBatch) Commit(context.Context) error {
	defer os.RemoveAll(b.dir)
	if len(b.kept) == 0 {
		return nil
	}
	failpoint.Hit("blob.written")
	var files []string
	for s := range b.kept {
		files = append(files, s.Name())
	}
	if err := b.f.sync(files); err != nil {
		return err
	}
	failpoint.Hit("blob.synced")
	dirs := map[string]bool{}
	for s, to := range b.kept {
		if err := b.f.rename(s.Name(), to, dirs); err != nil {
			return err
		}
	}
	failpoint.Hit("blob.renamed")
	var list []string
	for d := range dirs {
		list = append(list, d)
	}
	if err := b.f.sync(list); err != nil {
		return err
	}
	for d := range dirs { // not before: another batch would rely on names that a loss of power takes
		b.f.made.Store(d, true)
	}
	failpoint.Hit("blob.dirsynced")
	if b.f.o.Immutable {
		for _, to := range b.kept {
			setImmutable(to, true) // opt-in and best effort: not every file system has it
		}
	}
	return nil
}

func (b *folderBatch) Abort() { os.RemoveAll(b.dir) }

// rename moves an object to its name unless there is one already, and notes
// the directories whose entries changed.
func (f *folder) rename(from, to string, dirs map[string]bool) error {
	dir := filepath.Dir(to)
	if _, ok := f.made.Load(dir); !ok {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fault.New(fault.Outside, "blob: rename: %w", err)
		}
		dirs[filepath.Dir(dir)], dirs[f.dir] = true, true
	}
	dirs[dir] = true
	err := renameNew(from, to)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Outside, "blob: rename: %w", err)
	}
	return nil
}

// sync makes files or directories durable: a few one by one, many by one sync
// of the file system where the system can.
func (f *folder) sync(paths []string) error {
	if len(paths) > fewFiles {
		done, err := syncFileSystem(f.dir)
		if err != nil {
			return fault.New(fault.Outside, "blob: sync: %w", err)
		}
		if done {
			return nil
		}
	}
	for _, p := range paths {
		if err := syncPath(p); err != nil {
			return fault.New(fault.Outside, "blob: sync: %w", err)
		}
	}
	return nil
}

func (f *folder) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if _, err := f.Stat(ctx, name); err == nil {
		return nil
	}
	return putOne(ctx, f, name, r, size)
}

// putOne stores one object through a batch of one.
func putOne(ctx context.Context, b Backend, name string, r io.Reader, size int64) error {
	batch, err := b.Begin(ctx)
	if err != nil {
		return err
	}
	defer batch.Abort()
	s, err := batch.Stage()
	if err != nil {
		return err
	}
	n, err := io.Copy(struct{ io.Writer }{s}, r)
	if err == nil && n != size {
		err = fault.New(fault.Invalid, "blob: put: %d bytes came, %d were said", n, size)
	}
	if err != nil {
		s.Drop()
		return fmt.Errorf("blob: put: %w", err)
	}
	if err := s.Keep(name); err != nil {
		return err
	}
	return batch.Commit(ctx)
}

type openFile struct {
	*os.File
	size int64
}

// Size returns the length of the object.
func (o openFile) Size() int64 { return o.size }

func (f *folder) Open(_ context.Context, name string) (Object, error) {
	p, err := f.place(name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(p)
	if err != nil {
		return nil, outside("open", name, err)
	}
	st, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, outside("open", name, err)
	}
	return openFile{file, st.Size()}, nil
}

// outside classifies an error of the file system about an object.
func outside(op, name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "blob: %s %s: %w", op, name, err)
	}
	return fault.New(fault.Outside, "blob: %s %s: %w", op, name, err)
}

func (f *folder) Stat(_ context.Context, name string) (int64, error) {
	p, err := f.place(name)
	if err != nil {
		return 0, err
	}
	st, err := os.Stat(p)
	if err != nil {
		return 0, outside("stat", name, err)
	}
	return st.Size(), nil
}

func (f *folder) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		err := filepath.WalkDir(f.dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			if d.IsDir() {
				if p == filepath.Join(f.dir, tmpDir) {
					return fs.SkipDir
				}
				return nil
			}
			st, err := d.Info()
			if err != nil {
				return err
			}
			if !yield(Info{d.Name(), st.Size()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Info{}, fault.New(fault.Outside, "blob: list: %w", err))
		}
	}
}

func (f *folder) Delete(_ context.Context, name string) error {
	p, err := f.place(name)
	if err != nil {
		return err
	}
	err = os.Remove(p)
	if errors.Is(err, fs.ErrPermission) && setImmutable(p, false) == nil { // set by whoever stored it
		err = os.Remove(p)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return outside("delete", name, err)
	}
	failpoint.Hit("blob.deleted")
	if err := syncPath(filepath.Dir(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return outside("delete", name, err)
	}
	return nil
}
