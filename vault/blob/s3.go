package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"

	"tutela/fault"
	"tutela/vault/failpoint"
)

const (
	spoolMemory = 256 << 10 // a staged object above this goes to a temporary file (it is encrypted already)
	uploads     = 8         // objects on their way at once
)

// bucket is a Backend in an S3 bucket.
type bucket struct {
	c            *minio.Client
	name, prefix string
}

// S3 opens a bucket, which must exist: s3://KEY:SECRET@host:port/bucket/prefix
// with the options insecure=1 (plain HTTP) and region=NAME. Without KEY:SECRET
// the credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. No
// error repeats them.
func S3(ctx context.Context, u *url.URL) (Backend, error) {
	name, prefix, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if u.Host == "" || name == "" {
		return nil, fault.New(fault.Invalid, "blob: an S3 location needs a host and a bucket")
	}
	creds := credentials.NewEnvAWS()
	if u.User != nil {
		secret, _ := u.User.Password()
		creds = credentials.NewStaticV4(u.User.Username(), secret, "")
	}
	region := u.Query().Get("region")
	if region == "" {
		region = "us-east-1"
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: creds, Region: region, Secure: u.Query().Get("insecure") != "1",
		BucketLookup: minio.BucketLookupPath})
	if err != nil {
		return nil, fault.New(fault.Invalid, "blob: open S3: %w", err)
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	b := &bucket{c, name, prefix}
	ok, err := c.BucketExists(ctx, name)
	if err != nil {
		return nil, b.outside("open", name, err)
	}
	if !ok {
		return nil, fault.Hint(fault.New(fault.NotFound, "blob: there is no bucket %s", name), "create the bucket first")
	}
	return b, nil
}

// outside classifies an answer of the store. It repeats the store's code and
// message, never the request.
func (b *bucket) outside(op, name string, err error) error {
	r := minio.ToErrorResponse(err)
	if r.StatusCode == http.StatusNotFound || r.Code == minio.NoSuchKey {
		return fault.New(fault.NotFound, "blob: %s %s: not found", op, name)
	}
	if r.Code != "" {
		return fault.New(fault.Outside, "blob: %s %s: the store says %s", op, name, r.Code)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fault.New(fault.Outside, "blob: %s %s: %w", op, name, err)
}

func (b *bucket) key(name string) (string, error) {
	if !validObject(name) {
		return "", fault.New(fault.Invalid, "blob: %q is no name of an object", name)
	}
	return b.prefix + name, nil
}

func (b *bucket) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	key, err := b.key(name)
	if err != nil {
		return err
	}
	o := minio.PutObjectOptions{ContentType: "application/octet-stream"}
	o.SetMatchETagExcept("*") // If-None-Match: * — never over an object that is there
	counted := &counter{r: r}
	if _, err = b.c.PutObject(ctx, b.name, key, counted, size, o); err != nil {
		if code := minio.ToErrorResponse(err).StatusCode; code == http.StatusPreconditionFailed || code == http.StatusConflict {
			return nil
		}
		return b.outside("put", name, err)
	}
	if counted.n < size {
		return fault.New(fault.Invalid, "blob: put: %d bytes came, %d were said", counted.n, size)
	}
	return nil
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

type bucketBatch struct {
	b    *bucket
	mu   sync.Mutex
	kept map[*spool]string // object names
	all  []*spool
}

// spool is a staged object: in memory while it is small, else in a temporary
// file without a name (or removed at the end where that cannot be).
type spool struct {
	batch *bucketBatch
	buf   bytes.Buffer
	file  *os.File
	size  int64
}

func (b *bucket) Begin(context.Context) (Batch, error) {
	return &bucketBatch{b: b, kept: map[*spool]string{}}, nil
}

func (b *bucketBatch) Stage() (Staged, error) {
	s := &spool{batch: b}
	b.mu.Lock()
	b.all = append(b.all, s)
	b.mu.Unlock()
	return s, nil
}

func (s *spool) Write(p []byte) (n int, err error) {
	if s.file == nil && s.buf.Len()+len(p) > spoolMemory {
		if s.file, err = os.CreateTemp("", "tutela-spool-"); err != nil {
			return 0, err
		}
		os.Remove(s.file.Name()) // fails on Windows, where Drop removes it
		if _, err = s.buf.WriteTo(s.file); err != nil {
			return 0, err
		}
	}
	if s.file != nil {
		n, err = s.file.Write(p)
	} else {
		n, err = s.buf.Write(p)
	}
	s.size += int64(n)
	return n, err
}

func (s *spool) Keep(name string) error {
	if !validObject(name) {
		return fault.New(fault.Invalid, "blob: %q is no name of an object", name)
	}
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	s.batch.kept[s] = name
	return nil
}

func (s *spool) Drop() {
	s.batch.mu.Lock()
	delete(s.batch.kept, s)
	s.batch.mu.Unlock()
	s.free()
}

func (s *spool) free() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
		s.file = nil
	}
	s.buf = bytes.Buffer{}
}

func (b *bucketBatch) Commit(ctx context.Context) error {
	defer b.Abort()
	failpoint.Hit("blob.written")
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(uploads)
	for s, name := range b.kept {
		g.Go(func() error {
			var r io.Reader = bytes.NewReader(s.buf.Bytes())
			if s.file != nil {
				if _, err := s.file.Seek(0, io.SeekStart); err != nil {
					return fmt.Errorf("blob: put: %w", err)
				}
				r = s.file
			}
			err := b.b.Put(ctx, name, r, s.size)
			failpoint.Hit("blob.uploaded")
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	failpoint.Hit("blob.synced")
	return nil
}

func (b *bucketBatch) Abort() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.all {
		s.free()
	}
	b.all, b.kept = nil, nil
}

// bucketObject reads ranges.
type bucketObject struct {
	*minio.Object
	size int64
}

// Size returns the length of the object.
func (o bucketObject) Size() int64 { return o.size }

func (b *bucket) Open(ctx context.Context, name string) (Object, error) {
	size, err := b.Stat(ctx, name)
	if err != nil {
		return nil, err
	}
	o, err := b.c.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, b.outside("open", name, err)
	}
	return bucketObject{o, size}, nil
}

func (b *bucket) Stat(ctx context.Context, name string) (int64, error) {
	key, err := b.key(name)
	if err != nil {
		return 0, err
	}
	st, err := b.c.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return 0, b.outside("stat", name, err)
	}
	return st.Size, nil
}

func (b *bucket) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for o := range b.c.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Info{}, b.outside("list", b.name, o.Err))
				return
			}
			if !yield(Info{strings.TrimPrefix(o.Key, b.prefix), o.Size}, nil) {
				return
			}
		}
	}
}

func (b *bucket) Delete(ctx context.Context, name string) error {
	key, err := b.key(name)
	if err != nil {
		return err
	}
	if err := b.c.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{}); err != nil {
		if err = b.outside("delete", name, err); fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	failpoint.Hit("blob.deleted")
	return nil
}
