package blob

import (
	"context"
	"io"
	"iter"
	"net/url"
	"strings"

	"tutela/fault"
)

// Backend keeps objects by name: a folder or an S3 bucket. Names are lower-case
// letters, digits and "-". An object that exists is never overwritten.
type Backend interface {
	// Put stores size bytes of r durably. An object that is already there is
	// left as it is, and that is no error.
	Put(ctx context.Context, name string, r io.Reader, size int64) error
	// Begin starts a batch of objects that become durable together.
	Begin(ctx context.Context) (Batch, error)
	// Open gives access to an object; fault.NotFound when there is none.
	Open(ctx context.Context, name string) (Object, error)
	// Stat returns the length of an object; fault.NotFound when there is none.
	Stat(ctx context.Context, name string) (int64, error)
	// List yields every object, in no order.
	List(ctx context.Context) iter.Seq2[Info, error]
	// Delete removes an object; one that is not there is no error.
	Delete(ctx context.Context, name string) error
}

// Object is an open object. It may be read from several goroutines.
type Object interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Info is what List says of an object.
type Info struct {
	Name string
	Size int64 // bytes of the object, not of its plaintext
}

// Batch collects objects. Stage may be called from several goroutines; Commit
// makes every kept object durable under its name, or returns an error and
// guarantees nothing but that no existing object was changed. Abort after
// Commit does nothing.
type Batch interface {
	Stage() (Staged, error)
	Commit(ctx context.Context) error
	Abort()
}

// Staged is an object that is being written and has no name yet. Keep or Drop
// ends it; what was kept can still be dropped until Commit.
type Staged interface {
	io.Writer
	Keep(name string) error
	Drop()
}

// immutable at the end of a folder's location asks for the immutable flag.
const immutable = "?immutable=1"

// OpenBackend opens the place that a location names: "s3://…" (see S3) or the
// path of a folder, which is created when it is not there; "?immutable=1" after
// the path sets FolderOptions.Immutable.
func OpenBackend(ctx context.Context, location string) (Backend, error) {
	if strings.HasPrefix(location, "s3://") {
		u, err := url.Parse(location)
		if err != nil { // the error of net/url would repeat the credentials
			return nil, fault.Hint(fault.New(fault.Invalid, "blob: the S3 location cannot be read"),
				"write it as s3://KEY:SECRET@host:port/bucket, with special characters percent-encoded")
		}
		return S3(ctx, u)
	}
	dir, asked := strings.CutSuffix(location, immutable)
	return Folder(dir, FolderOptions{Immutable: asked})
}
