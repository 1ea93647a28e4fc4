package evidence_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/evidence"
)

// TestDigestFirst reads what was digested, and nothing else: a file that changes
// after it was digested is found out on the read itself.
func TestDigestFirst(t *testing.T) {
	data := bytes.Repeat([]byte("landscape "), 300_000) // of three chunks
	e, err := evidence.DigestFirst(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	d := e.Digests()
	if d.MD5 != md5.Sum(data) || d.SHA256 != sha256.Sum256(data) || len(d.Chunks) != 3 || e.Size() != int64(len(data)) {
		t.Errorf("%+v", d)
	}
	if got, err := io.ReadAll(io.NewSectionReader(e, 0, e.Size())); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	data[2_500_000] ^= 1
	p := make([]byte, 10)
	if n, err := e.ReadAt(p, 5); n != 10 || err != nil {
		t.Errorf("a chunk that is as it was: %d, %v", n, err)
	}
	var changed *digest.ChunkError
	if _, err := e.ReadAt(p, 2_499_990); !errors.As(err, &changed) || changed.Chunk != 2 {
		t.Errorf("a chunk that has changed: %v", err)
	}
	if _, err := evidence.DigestFirst(bytes.NewReader(data), int64(len(data))+1); fault.KindOf(err) != fault.Busy {
		t.Errorf("a file that became shorter: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := e.ReadAt(p, 0); n != 0 || err != io.EOF {
		t.Errorf("after it was closed: %d, %v", n, err)
	}
}
